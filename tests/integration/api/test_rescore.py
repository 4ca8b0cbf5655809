"""gaitctl jobs rescore: what another model says of the kept key points of complete jobs."""

import json
import os
import shutil
import subprocess

import jsonschema
import keypoints
from apitest import ApiTest, main
from gaitd import BIN, RESULT, SOURCE

MODEL = SOURCE / "models" / "demonstration"
FRONT, SIDE = keypoints.document("front"), keypoints.document("side")
KEPT = {"keypoints_front.tar.gz": keypoints.archive(front=FRONT), "keypoints_side.tar.gz": keypoints.archive(side=SIDE)}


class Rescore(ApiTest):
    engines = "parked"
    settings = {"cluster.max_in_flight": "100"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.newer = cls.d.root / "newer"  # the same trees under another version
        shutil.copytree(MODEL, cls.newer)
        manifest = json.loads((cls.newer / "manifest.json").read_text())
        cls.old_version, manifest["version"] = manifest["version"], "2.test"
        (cls.newer / "manifest.json").write_text(json.dumps(manifest))

    def job(self, kept=KEPT, result=RESULT, **fields):
        """A complete job whose attempt kept these files."""
        job = self.d.new_job(self.ann, **fields)
        attempt = self.d.attempt(job)
        self.assertEqual(attempt.checkin().status, 200)
        for name, data in kept.items():
            self.assertIn(self.d.request("PUT", attempt.order["outputs"][name]["url"], body=data).status, (200, 201))
        self.assertEqual(attempt.complete(result, score=str(result["score"]["value"] or "")).status, 200)
        return job

    def rescore(self, *args, code=0, settings=None):
        done = self.d.ctl_run("--json", "jobs", "rescore", *args, settings=settings)
        self.assertEqual(done.returncode, code, done.stderr)
        return {j["id"]: j for j in json.loads(done.stdout)["jobs"]}

    def untouched(self, job):
        return self.d.job_row(job), [f for f in self.d.files("blobs") if job in f]

    def test_two_versions_side_by_side(self):
        job = self.job()
        before = self.untouched(job)
        text = self.d.ctl("jobs", "rescore", job, "--model", str(self.newer), "--allow-demonstration")
        for word in (job, "stand-in 1", "0.750 (demo)", "2.test", "DIFFERENCE", "no job was changed", "not a diagnosis"):
            self.assertIn(word, text)
        said = self.rescore(job, "--model", str(self.newer), "--allow-demonstration")[job]
        self.assertEqual((said["old"]["score"], said["old"]["model"]["version"]), (0.75, "1"))
        self.assertEqual(said["new"]["model"]["version"], "2.test")
        self.assertAlmostEqual(said["difference"], said["new"]["score"] - 0.75, places=5)
        self.assertIn("(demonstration)", said["new"]["decision"])
        again = self.rescore(job, "--model", str(MODEL), "--allow-demonstration")[job]
        self.assertEqual((again["new"]["score"], again["new"]["model"]["version"]), (said["new"]["score"], self.old_version))
        self.assertEqual(self.untouched(job), before)
        rows = self.d.rows("SELECT actor, detail FROM audit WHERE object = ? AND action = 'job_rescore'", job)
        self.assertEqual(len(rows), 3)
        self.assertTrue(rows[0]["actor"].startswith("os:"))
        self.assertIn("2.test", rows[0]["detail"])

    def test_the_facts_and_the_key_points_count(self):
        adult, child = self.job(), self.job(age="80")
        both = self.job({"keypoints_side.tar.gz": keypoints.archive(front=FRONT, side=SIDE)})  # one archive with both views
        said = self.rescore(adult, child, both, "--model", str(MODEL), "--allow-demonstration")
        self.assertIsNone(said[child]["new"]["score"])
        self.assertEqual(said[child]["new"]["reasons"], "outside_population")
        self.assertIsNone(said[child]["difference"])
        self.assertEqual(said[both]["new"], said[adult]["new"])

    def test_a_demonstration_speaks_only_when_asked(self):
        job = self.job()
        said = self.rescore(job, "--model", str(MODEL))[job]["new"]
        self.assertEqual((said["score"], said["reasons"]), (None, "demonstration_not_allowed"))
        self.assertIn("new: demonstration_not_allowed", self.d.ctl("jobs", "rescore", job, "--model", str(MODEL)))

    def test_results_in_a_folder(self):
        job = self.job(height="180cm", footwear="shoes", orthosis="none")
        out = self.d.root / "out"
        self.rescore(job, "--model", str(self.newer), "--allow-demonstration", "--out", str(out))
        result = json.loads((out / f"{job}.json").read_text())
        jsonschema.validate(result, json.loads((SOURCE / "schema" / "result.schema.json").read_text()))
        self.assertEqual(result["score"]["model"]["version"], "2.test")
        self.assertEqual([result["patient"][k] for k in ("height_cm", "footwear", "orthosis", "walking_aid")], [180, "shoes", "none", None])
        video = self.d.rows("SELECT hex(sha256) AS sum FROM videos WHERE job = ? AND view = 'side'", job)[0]["sum"].lower()
        self.assertEqual(result["inputs"]["side"]["video_sha256"], video)
        self.assertEqual((out / f"{job}.json").stat().st_mode & 0o777, 0o600)

    def test_what_one_lacks_keeps_no_other_back(self):
        good, nothing, damaged, erased = self.job(), self.job({}), self.job({"keypoints_side.tar.gz": b"\x1f\x8b damaged"}), self.job()
        waiting = self.d.new_job(self.ann)
        self.d.ctl("jobs", "erase", erased)
        names = [nothing, damaged, erased, waiting, "01m80egremq45n0ja0qmwbpy56", good]
        said = self.rescore(*names, "--model", str(MODEL), "--allow-demonstration", code=66)
        for name, word in ((nothing, "not kept"), (erased, "erased"), (waiting, "no result"), (names[4], "no such job")):
            self.assertIn(word, said[name]["error"])
        self.assertIsNotNone(said[damaged]["error"])
        self.assertIsNone(said[good]["error"])
        self.assertIsNotNone(said[good]["new"]["score"])
        done = self.d.ctl_run("jobs", "rescore", *names, "--model", str(MODEL))
        self.assertEqual(done.returncode, 66)
        self.assertIn(f"5 of 6 jobs could not be scored again: {nothing}: its key points were not kept", done.stderr)
        self.assertIn("demonstration_not_allowed", done.stdout)

    def test_all(self):
        jobs = {self.job() for _ in range(3)}
        erased = self.job()
        self.d.ctl("jobs", "erase", erased)
        said = self.d.ctl_run("--json", "jobs", "rescore", "--all", "--model", str(MODEL), "--allow-demonstration")
        listed = {j["id"] for j in json.loads(said.stdout)["jobs"]}
        self.assertLessEqual(jobs, listed)
        self.assertNotIn(erased, listed)
        self.assertEqual(listed, {r["id"] for r in self.d.rows("SELECT id FROM jobs WHERE state = 'complete' AND erased_ms IS NULL")})

    def test_a_bar_on_a_terminal_and_none_elsewhere(self):
        jobs = [self.job(), self.job()]
        ours, theirs = os.openpty()
        with open(theirs, "wb") as tty:
            done = subprocess.run([BIN / "gaitctl", *self.d.sets(), "jobs", "rescore", *jobs, "--model", str(MODEL)], stdout=subprocess.PIPE,
                                  stderr=tty, stdin=subprocess.DEVNULL, env=self.d.environment({}), timeout=60)
        with open(ours, "rb", buffering=0) as tty:
            shown = tty.read(4096)
        self.assertEqual(done.returncode, 0)
        for word in (b"0 of 2", b"1 of 2", b"2 of 2", b"#"):
            self.assertIn(word, shown)
        self.assertEqual(self.d.ctl_run("jobs", "rescore", *jobs, "--model", str(MODEL)).stderr, "")

    def test_usage_and_models_that_cannot_be_read(self):
        job = self.job()
        for args in ([job], [job, "--model"], ["--all", job, "--model", str(MODEL)], ["--model", str(MODEL)], [job, "--nonsense", "--model", str(MODEL)]):
            done = self.d.ctl_run("jobs", "rescore", *args)
            self.assertEqual((done.returncode, done.stdout), (64, ""), done.stderr)
        for model, word in ((self.d.root / "none", "manifest.json"), (SOURCE, "manifest.json")):
            done = self.d.ctl_run("jobs", "rescore", job, "--model", str(model))
            self.assertEqual((done.returncode, done.stdout), (70, ""), done.stderr)
            self.assertIn(word, done.stderr)
        done = self.d.ctl_run("jobs", "rescore", job, "--model", str(MODEL), settings={"analysis.path": "/no/such"})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/no/such", done.stderr)


if __name__ == "__main__":
    main()
