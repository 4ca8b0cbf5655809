"""The whole way with the real engines, as a person goes it: sign in, submit the sample pair, follow, read."""

import unittest

from gaitd import SOURCE, main
from webtest import SAMPLE, WebGaitd


class Walk(unittest.TestCase):
    def test_sign_in_submit_follow_read(self):
        weights = SOURCE / "build" / "weights"
        if not weights.exists():
            self.fail(f"no pose models in {weights}: scripts/weights")
        if not (SAMPLE / "side.mp4").exists():
            self.fail(f"no sample pair in {SAMPLE}: cmake --build … --target sample_pair")
        with WebGaitd("real", {"cluster.weights_dir": weights, "model.allow_demonstration": "yes"}) as d:
            d.browse("walk.mjs", "walk", seconds=280, front=SAMPLE / "front.mp4", side=SAMPLE / "side.mp4")
            job = d.rows("SELECT id FROM jobs")[0]["id"]
            facts = d.get(f"/api/v1/jobs/{job}/result", d.token).json["patient"]
            self.assertEqual((facts["height_cm"], facts["age_months"], facts["sex"], facts["footwear"]), (172, 360, "F", "shoes"))


if __name__ == "__main__":
    main()
