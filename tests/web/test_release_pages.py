"""Release of results and replaced videos in the browser: the submitter's beside the clinician's, each page turning by itself."""

import unittest

import keypoints
from gaitd import main, video, wait_until
from webtest import PASSWORD, WebGaitd, make_video, measure, real_result

NOBODY = {"fps": 30, "width": 640, "height": 360, "layout": "body_25", "frames": [{"people": []}] * 90}


class ReleaseGaitd(WebGaitd):
    """With a job of ann's that is complete, its films and its result real ones."""

    def __init__(self, mode, **settings):
        super().__init__(settings={"release.mode": mode, **settings})

    def start(self, env_now=None):
        super().start(env_now)
        if self.starts == 1:
            self.add_user("staff@example.org", "staff", PASSWORD)
            self.staff = self.add_token("staff@example.org")
            self.front = make_video(self.films / "front.mp4", 6)
            self.side = make_video(self.films / "side.mp4", 6, seed=1)
            self.result = real_result({}, {})
            self.job = self.new_job(self.token, front=self.front.read_bytes(), side=self.side.read_bytes())
            self.wait_job(self.job, "complete")
        return self

    def release(self, attempt, comment):
        answer = self.request("POST", f"/api/v1/jobs/{self.job}/release", self.staff, json_body={"attempt": attempt, "comment": comment})
        if answer.status != 200:
            raise AssertionError(f"{answer}")

    def ask_release_second(self):
        self.release(2, "Of the second.")

    def ask_shown(self):
        return self.job_row(self.job)["shown_attempt"]

    def ask_finish_another(self):
        self.request("POST", f"/api/v1/jobs/{self.job}/rerun", self.token)
        wait_until(lambda: self.job_row(self.job)["result_attempt"] == 2, "another result")


class ReplaceGaitd(WebGaitd):
    def ask_better_result(self):
        self.result = real_result({}, {})


class Release(unittest.TestCase):
    def test_clinician_on_a_desktop_submitter_on_a_phone(self):
        with ReleaseGaitd("clinician") as d:
            d.browse("release.mjs", "clinician", "desktop", seconds=200, job=d.job)
            row = d.rows("SELECT detail FROM audit WHERE action = 'result_withdraw'")[0]
            self.assertEqual(row["detail"], "attempt 1: two children mixed up")

    def test_the_other_way_round(self):
        with ReleaseGaitd("clinician") as d:
            d.browse("release.mjs", "clinician", "phone", seconds=200, job=d.job)

    def test_a_newer_result_waits(self):
        with ReleaseGaitd("clinician") as d:
            d.release(1, "Of the first.")
            d.ask_finish_another()
            d.browse("release.mjs", "newer", "phone", job=d.job)

    def test_what_was_not_read_is_not_released(self):
        with ReleaseGaitd("clinician") as d:
            d.browse("release.mjs", "other_result", job=d.job)

    def test_research(self):
        with ReleaseGaitd("research") as d:
            d.browse("release.mjs", "research", "phone", job=d.job)
            d.browse("release.mjs", "research", "desktop", job=d.job)


class Replace(unittest.TestCase):
    def test_the_side_video(self):
        for size in ("phone", "desktop"):
            with self.subTest(size), ReplaceGaitd() as d:
                text = d.films / "holiday.mp4"
                text.write_text("This is no video at all.\n")
                front, side = make_video(d.films / "front.mp4", 6), make_video(d.films / "side.mp4", 6, seed=1)
                gate = d.films / "side-again.mp4"
                gate.write_bytes(make_video(d.films / "good.mp4", 6, seed=2).read_bytes() + b"behave:gate\n")
                d.result = measure(keypoints.document("front"), NOBODY, {})
                job = d.new_job(d.token, front=front.read_bytes(), side=side.read_bytes())
                d.wait_job(job, "complete")
                d.browse("release.mjs", "replace", size, seconds=200, job=job, text=text, same=side, side=gate)
                wait_until(lambda: d.count("old_videos") == 0, "the old video is gone")
                self.assertEqual([r["n"] for r in d.rows("SELECT n FROM videos ORDER BY view")], [1, 2])

    def test_after_a_failure(self):
        with ReplaceGaitd(settings={"queue.max_attempts": "1"}) as d:
            job = d.new_job(d.token, front=video("exit65"))
            d.wait_job(job, "inference_error")
            d.result = real_result({}, {})
            d.browse("release.mjs", "failure", "phone", job=job, front=make_video(d.films / "front.mp4", 6, seed=3))


if __name__ == "__main__":
    main()
