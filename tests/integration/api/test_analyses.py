"""POST /api/v1/analyses: key points in, result.json out, by a real gaitd and its real child."""

import json
import os
import pathlib
import signal
import threading
import time

import keypoints
from apitest import ApiTest, main
from gaitd import SOURCE, Gaitd, Part, wait_until

PATH = "/api/v1/analyses"
MODEL = {"model.dir": SOURCE / "models" / "demonstration", "model.allow_demonstration": "yes"}
FRONT, SIDE = keypoints.document("front"), keypoints.document("side")
PATIENT = {"height": "170cm", "age": 40, "sex": "F"}


def as_file(name, value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Part(name, data, f"{name}.json", "application/json")


class Analyses(ApiTest):
    engines = "parked"
    settings = MODEL

    def form(self, *parts, token=None, **fields):
        return self.d.post_form(PATH, [*parts, *(Part(k, v) for k, v in fields.items())], token or self.ann)

    def body(self, value, token=None, **more):
        return self.d.request("POST", PATH, token or self.ann, json_body=value, **more)

    def measured(self, answer, cadence=110):
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers.get_content_type(), "application/json")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        result = answer.json
        self.assertAlmostEqual(result["parameters"]["cadence"]["value"], cadence, delta=1.5)
        return result

    def child(self):
        """The pid of gaitd's scorer; None where it has none."""
        task = pathlib.Path(f"/proc/{self.d.process.pid}/task")
        for entry in task.iterdir():
            for pid in (entry / "children").read_text().split():
                try:
                    if b"--serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                        return int(pid)
                except OSError:
                    pass
        return None

    def test_a_form_and_a_body_give_the_same_result(self):
        form = self.measured(self.form(as_file("front", FRONT), as_file("side", SIDE), height="170cm", age="40", sex="F"))
        body = self.measured(self.body({"front": FRONT, "side": SIDE, "patient": PATIENT}))
        self.assertEqual(form, body)
        self.assertIsNotNone(form["parameters"]["speed"]["value"])
        self.assertEqual(form["inputs"]["front"]["frames"], 180)
        self.assertGreater(form["score"]["value"], 0)
        self.assertTrue(form["score"]["model"]["demonstration"])


if __name__ == "__main__":
    main()
