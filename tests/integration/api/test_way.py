"""The whole way of a job with stand-in engines: what every other test relies on."""

import unittest

import contract  # noqa: F401
from gaitd import RESULT, Gaitd, main, video


class Way(unittest.TestCase):
    def test_upload_to_mail(self):
        with Gaitd() as d:
            token = d.person()
            answer = d.upload(token, email="ann@example.org")
            self.assertEqual(answer.status, 202, answer)
            job = answer.json["id"]
            self.assertEqual(answer.headers["Location"], f"/api/v1/jobs/{job}")
            d.wait_job(job, "complete")
            self.assertEqual(d.engine_runs(), ["run front.mp4 behave:ok", "run side.mp4 behave:ok"])
            shown = d.get(f"/api/v1/jobs/{job}", token).json
            self.assertEqual(shown["result"]["score"], 0.75)
            self.assertEqual([f["name"] for f in shown["files"]],
                             ["keypoints_front.tar.gz", "keypoints_side.tar.gz", "overlay_front.mp4", "overlay_side.mp4",
                              "parameters.csv", "report.pdf", "result.json"])
            self.assertEqual(d.get(f"/api/v1/jobs/{job}/result", token).json, RESULT)
            mails = d.wait_mails(2)
            self.assertEqual({m["To"] for m in mails}, {"ann@example.org"})
            self.assertEqual(len({m["Message-ID"] for m in mails}), 2)
            self.assertEqual(d.files("spool"), [])

    def test_engine_that_fails_for_good(self):
        with Gaitd() as d:
            token = d.person()
            job = d.new_job(token, side=video("exit3"))
            d.wait_job(job, "inference_error")
            shown = d.get(f"/api/v1/jobs/{job}", token).json
            self.assertEqual(shown["error"], {"kind": "no_person", "text": "No person was found in the side video."})
            self.assertEqual(len(shown["attempts"]), 1)

    def test_engine_that_may_pass_is_tried_again(self):
        with Gaitd(settings={"queue.max_attempts": "2"}) as d:
            token = d.person()
            job = d.new_job(token, front=video("exit70"))
            d.wait_job(job, "inference_error")
            self.assertEqual(d.job_row(job)["failures"], 2)
            self.assertEqual(d.count("attempts"), 2)


if __name__ == "__main__":
    main()
