"""The whole way with the real engines: the drawn sample pair, and a real side video."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

import contract
import mailtext
from gaitd import BIN, SOURCE, Gaitd, main

BUILD = pathlib.Path(os.environ.get("GAITD_BUILD", BIN.parent))
SAMPLE = BUILD / "sample"
WEIGHTS = SOURCE / "build" / "weights"
SKIPPED = 77
REAL_SIDE = pathlib.Path(os.environ.get("GAITD_SHARED", SOURCE.parent / "shared")) / "data" / "video" / "sports2d_demo.mp4"
# Under the sanitizers, on a machine that others use too.
SECONDS = 540
PARTS = {"download", "pose_front", "pose_side", "analyze", "overlay_front", "overlay_side", "upload"}


class Engines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Gaitd("real", {"model.allow_demonstration": "yes", "cluster.weights_dir": WEIGHTS})
        try:
            cls.d.start()
            cls.token = cls.d.person()
        except BaseException:
            cls.d.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.d.__exit__(None)

    def analysed(self, front, side, height, **fields):
        job = self.d.new_job(self.token, front=front.read_bytes(), side=side.read_bytes(), height=height, **fields)
        self.d.wait_job(job, "complete", seconds=SECONDS)
        return job, self.d.get(f"/api/v1/jobs/{job}/result", self.token).json

    def probe(self, data):
        """Frames, width and height of a video, as another program counts them."""
        path = self.d.root / "probe.mp4"
        path.write_bytes(data)
        done = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v:0", "-of", "json", "-show_entries",
                               "stream=codec_name,nb_read_packets,width,height", str(path)], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)["streams"][0] if done.returncode == 0 else {}

    def test_sample_pair(self):
        truth = json.loads((SAMPLE / "truth.json").read_text())
        job, result = self.analysed(SAMPLE / "front.mp4", SAMPLE / "side.mp4", f"{truth['height_m']}m", email="ann@example.org",
                                    result_by_email="score")
        self.assertAlmostEqual(result["parameters"]["cadence"]["value"], truth["cadence_steps_per_min"], delta=2)
        schema = json.loads((SOURCE / "schema" / "result.schema.json").read_text())
        self.assertEqual([e.message for e in contract.jsonschema.Draft202012Validator(schema).iter_errors(result)], [])
        shown = self.d.get(f"/api/v1/jobs/{job}", self.token).json
        self.assertEqual(shown["result"]["score"], round(result["score"]["value"], 4))
        self.assertTrue(shown["result"]["demonstration_model"])
        self.assertEqual({f["name"] for f in shown["files"]},
                         {"result.json", "report.pdf", "overlay_front.mp4", "overlay_side.mp4", "parameters.csv", "markers.trc",
                          "angles.mot", "curves.svg", "events.svg", "table.svg", "keypoints_front.tar.gz", "keypoints_side.tar.gz"})
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/files/report.pdf", self.token).body[:5], b"%PDF-")
        steps = {r["step"] for r in self.d.rows("SELECT step FROM events WHERE job = ? AND kind = 'progress'", job)}
        self.assertEqual(steps, PARTS)
        for view in ("front", "side"):
            overlay = self.d.get(f"/api/v1/jobs/{job}/files/overlay_{view}.mp4", self.token)
            self.assertEqual((overlay.status, overlay.headers["Content-Type"], overlay.body[4:8]), (200, "video/mp4", b"ftyp"))
            seen = self.probe(overlay.body)
            if seen:  # where there is another program to ask
                self.assertEqual((seen["codec_name"], int(seen["nb_read_packets"])), ("h264", result["quality"][view]["frames"]))
        self.mails(job, shown)
        # What it kept, measured again with the same model, says the same.
        again = self.d.ctl_json("jobs", "rescore", job, "--model", str(SOURCE / "models" / "demonstration"), "--allow-demonstration")
        self.assertEqual((again["jobs"][0]["difference"], again["jobs"][0]["old"]), (0, again["jobs"][0]["new"]))

    def mails(self, job, shown):
        got = {m["Message-ID"][1:].split(".")[0]: m for m in self.d.wait_mails(2) if job in m["Message-ID"]}
        words = {"job": job, "ordinal": shown["ordinal"], "url": f"{self.d.url}/jobs/{job}"}
        self.assertEqual(mailtext.text_of(got["received"]), mailtext.RECEIVED.format(**words))
        score = mailtext.SCORE.format(score=f"{shown['result']['score']:.2f}") + mailtext.DEMONSTRATION
        self.assertEqual(mailtext.text_of(got["result"]), mailtext.RESULT.format(**words, score=score))
        self.assertEqual({m["To"] for m in got.values()}, {"ann@example.org"})

    def test_real_walk_from_the_side(self):
        if not REAL_SIDE.exists():
            self.skipTest("../shared/data/video/sports2d_demo.mp4 is not here")
        _, result = self.analysed(SAMPLE / "front.mp4", REAL_SIDE, "172cm")
        self.assertAlmostEqual(result["parameters"]["cadence"]["value"], 97.5, delta=3)

    def test_videos_that_hold_no_walk(self):
        """Accepted by their first bytes, refused by the engine: in words, at once, with no second try."""
        broken = self.d.root / "broken.mp4"
        whole = (SAMPLE / "front.mp4").read_bytes()
        broken.write_bytes(whole[:64] + bytes(reversed(whole[64:20000])))
        job = self.d.new_job(self.token, front=broken.read_bytes(), side=(SAMPLE / "side.mp4").read_bytes())
        self.d.wait_job(job, "inference_error", seconds=SECONDS)
        shown = self.d.get(f"/api/v1/jobs/{job}", self.token).json
        self.assertEqual(shown["error"], {"kind": "not_a_video", "text": "The front video could not be read as a video."})
        self.assertEqual(len(shown["attempts"]), 1)


if __name__ == "__main__":
    if not (WEIGHTS / "pose_landmark_full.tflite").exists():
        print("skipped: the pose model's weights are not in build/weights, see scripts/weights")
        sys.exit(SKIPPED)
    if not (SAMPLE / "truth.json").exists():
        print("the sample pair is missing: build the target sample_pair")
        sys.exit(1)
    main()
