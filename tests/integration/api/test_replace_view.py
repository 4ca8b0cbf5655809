"""One video in place of another: PUT /api/v1/jobs/{id}/videos/{view} with a whole resumable upload."""

import hashlib
import json
import threading
import unittest

import contract  # noqa: F401
import tus
from apitest import NOBODYS, ApiTest, main
from gaitd import Gaitd, video, wait_until


class ReplaceTest(ApiTest):
    engines = "parked"

    def upload(self, token=None, data=None, view="side", **headers):
        url = tus.whole(self.d, token or self.ann, data or video(seed="new"), Upload_Metadata=tus.metadata(view=view) if view else None)
        return url.rsplit("/", 1)[1]

    def put(self, job, upload, view="side", token=None, **more):
        return self.d.request("PUT", f"/api/v1/jobs/{job}/videos/{view}", token or self.ann, json_body={"upload": upload, **more})

    def done(self, n=1, job=None):
        job = job or self.d.new_job(self.ann)
        attempt = self.d.attempt(job, n)
        self.assertEqual(attempt.checkin().status, 200)
        self.assertEqual(attempt.complete().status, 200)
        return job

    def videos(self, job):
        return {r["view"]: r for r in self.d.rows("SELECT * FROM videos WHERE job = ?", job)}

    def blobs(self, job):
        return sorted(f.split("/in/")[1] for f in self.d.files("blobs") if f"/{job}/in/" in f"/{f}")


class Parked(ReplaceTest):
    def test_the_other_video_and_the_facts_stay(self):
        job = self.d.new_job(self.ann, subject_hint_front="10,20", subject_hint_side="30,40", notes="limps")
        self.done(job=job)
        before, facts = self.videos(job), self.d.job_row(job)
        answer = self.put(job, self.upload(data=video(seed="new")))
        self.assertEqual((answer.status, answer.json["status"]["value"]), (202, "queued"))
        self.assertEqual(answer.json["result"]["attempt"], 1)
        after, row = self.videos(job), self.d.job_row(job)
        self.assertEqual(after["front"], before["front"])
        self.assertEqual(after["side"]["sha256"], hashlib.sha256(video(seed="new")).digest())
        same = ("age_months", "sex", "height_cm", "weight_kg", "notes", "hint_front_x", "hint_front_y", "subject", "owner", "ordinal")
        self.assertEqual([row[f] for f in same], [facts[f] for f in same])
        # Where the walker stood in the old film's first picture says nothing about the new one's.
        self.assertEqual((row["hint_side_x"], row["hint_side_y"]), (None, None))
        self.assertEqual(self.d.count("uploads"), 0)

        attempt = self.d.attempt(job, 2)
        self.assertEqual(attempt.checkin().status, 200)
        inputs = attempt.order["inputs"]
        self.assertEqual(self.d.get(inputs["side"]["url"]).body, video(seed="new"))
        self.assertEqual(inputs["side"]["sha256"], hashlib.sha256(video(seed="new")).hexdigest())
        self.assertEqual(self.d.get(inputs["front"]["url"]).body, video(seed="front"))
        self.assertNotIn("side", attempt.order["engine"]["hints"])
        # Until the new result stands, the old one does, and what it was measured from.
        self.assertEqual(self.blobs(job), ["front.mp4", "side-2.mp4", "side.mp4"])
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/result", self.ann).status, 200)
        self.assertEqual(attempt.complete().status, 200)
        wait_until(lambda: self.blobs(job) == ["front.mp4", "side-2.mp4"], lambda: f"the old video is gone: {self.blobs(job)}")
        wait_until(lambda: self.d.count("old_videos") == 0, "and its row")
        self.assertEqual(self.d.job_row(job)["result_attempt"], 2)
        self.assertEqual(self.d.rows("SELECT actor, detail FROM audit WHERE action = 'video_replace' AND object = ?", job)[0]["detail"], "side")

    def test_a_failed_new_film_leaves_the_old_result_and_its_video(self):
        job = self.done()
        self.assertEqual(self.put(job, self.upload()).status, 202)
        attempt = self.d.attempt(job, 2)
        attempt.checkin(), attempt.fail("no_person", "Nobody was recognised in the side video.")
        self.d.wait_job(job, "inference_error")
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/result", self.ann).status, 200)
        self.assertEqual(self.blobs(job), ["front.mp4", "side-2.mp4", "side.mp4"])
        # Once more; both earlier ones go when that succeeds.
        self.assertEqual(self.put(job, self.upload(data=video(seed="third"))).status, 202)
        self.done(3, job)
        wait_until(lambda: self.blobs(job) == ["front.mp4", "side-3.mp4"], lambda: f"{self.blobs(job)}")

    def test_of_a_job_that_failed_and_of_the_other_view(self):
        job = self.d.new_job(self.ann)
        attempt = self.d.attempt(job)
        attempt.checkin(), attempt.fail()
        self.d.wait_job(job, "inference_error")
        self.assertEqual(self.put(job, self.upload(view="front"), "front").status, 202)
        self.done(2, job)
        wait_until(lambda: self.blobs(job) == ["front-2.mp4", "side.mp4"], lambda: f"{self.blobs(job)}")

    def test_the_same_again_is_answered_as_before(self):
        job, upload = self.done(), self.upload()
        first = self.put(job, upload)
        again = self.put(job, upload)
        self.assertEqual((first.status, again.status), (202, 202))
        self.done(2, job)
        version = self.d.job_row(job)["version"]
        late = self.put(job, f"{self.d.url}/api/v1/uploads/{upload}")
        self.assertEqual((late.status, late.json["status"]["value"], late.json["version"]), (202, "complete", version))
        self.assertEqual(len(self.d.rows("SELECT 1 FROM attempts WHERE job = ?", job)), 2)
        # An upload belongs to one job for good.
        other = self.done()
        self.refused(self.put(other, upload), 422, "a job has it")

    def test_one_of_two_at_once(self):
        job, uploads, got = self.done(), [self.upload(data=video(seed=s)) for s in "abcd"], []
        threads = [threading.Thread(target=lambda u=u: got.append(self.put(job, u).status)) for u in uploads]
        [t.start() for t in threads], [t.join() for t in threads]
        self.assertEqual(sorted(got), [202, 409, 409, 409])
        self.assertEqual(len(self.d.rows("SELECT 1 FROM uploads")), 3)
        for u in uploads:
            tus.tus(self.d, "DELETE", f"/api/v1/uploads/{u}", self.ann)
        self.done(2, job)

    def test_refusals(self):
        job = self.done()
        whole = self.upload()
        part = tus.create(self.d, self.ann, 4000, video()[:100]).headers["Location"]
        for upload, view, words in ((part, "side", "not whole: 100 of 4000"), (whole, "front", "as the video from the side"),
                                    (NOBODYS, "side", "expired"), ("x", "side", "the id of an upload"), ("", "side", "the id"),
                                    (self.upload(data=video(seed="side"), view=None), "side", "that is there"),
                                    (self.upload(data=video(seed="front"), view=None), "side", "the front video")):
            with self.subTest(words):
                self.refused(self.put(job, upload, view), 422, words)
        bob = self.d.person("bob@example.org")
        self.refused(self.put(job, self.upload(bob)), 422, "none of that id")
        self.refused(self.put(job, self.upload(bob), token=bob), 404)
        self.refused(self.put(NOBODYS, whole), 404)
        self.refused(self.put(job, whole, "back"), 404)
        self.refused(self.d.request("PUT", f"/api/v1/jobs/{job}/videos/side", self.ann, json_body={}), 422)
        self.refused(self.d.request("PUT", f"/api/v1/jobs/{job}/videos/side", self.ann, json_body={"upload": 3}), 422)
        self.refused(self.d.request("PUT", f"/api/v1/jobs/{job}/videos/side", json_body={"upload": whole}), 401)
        self.assertEqual(self.d.job_row(job)["state"], "complete")
        self.assertEqual(self.put(job, whole).status, 202, "nothing of that used it up")
        self.refused(self.put(job, self.upload(data=video(seed="z"))), 409, "not over yet")
        self.d.request("POST", f"/api/v1/jobs/{job}/cancel", self.ann)
        self.d.wait_job(job, "cancelled")
        self.d.request("DELETE", f"/api/v1/jobs/{job}", self.ann)
        self.refused(self.put(job, self.upload(data=video(seed="z"))), 409, "erased")
        for row in self.d.rows("SELECT id FROM uploads"):
            self.d.write("UPDATE uploads SET expires_ms = 1 WHERE id = ?", row["id"])

    def test_staff_for_a_submitter(self):
        job = self.done()
        self.refused(self.put(job, self.upload(self.ann), token=self.staff), 422)
        self.assertEqual(self.put(job, self.upload(self.staff), token=self.staff).status, 202)
        self.done(2, job)
        self.d.write("UPDATE uploads SET expires_ms = 1")

    def test_lost_on_the_server(self):
        job, upload = self.done(), self.upload()
        (self.d.data / "spool" / f"{upload}-upload").unlink()
        self.refused(self.put(job, upload), 422, "send it again")
        self.assertEqual(self.d.job_row(job)["state"], "complete")
        self.d.write("DELETE FROM uploads")

    def test_erased_with_all_its_videos(self):
        job = self.done()
        self.assertEqual(self.put(job, self.upload()).status, 202)
        self.d.attempt(job, 2)
        self.d.request("POST", f"/api/v1/jobs/{job}/cancel", self.ann)
        self.d.wait_job(job, "cancelled")
        # One that never came out of the spool, too.
        self.d.write("UPDATE old_videos SET spool_name = 'old-one' WHERE job = ?", job)
        (self.d.data / "spool" / "old-one").write_bytes(b"old")
        self.assertEqual(self.d.request("DELETE", f"/api/v1/jobs/{job}", self.ann).status, 204)
        self.assertEqual((self.blobs(job), self.d.rows("SELECT * FROM old_videos WHERE job = ?", job)), ([], []))
        self.assertNotIn("old-one", self.d.files("spool"))

    def test_no_old_video_is_an_orphan_at_the_start(self):
        job = self.done()
        self.d.write("UPDATE videos SET spool_name = blob_key, blob_key = NULL WHERE job = ? AND view = 'side'", job)
        self.d.write("UPDATE videos SET spool_name = 'kept-one' WHERE job = ? AND view = 'side'", job)
        (self.d.data / "spool" / "kept-one").write_bytes(video(seed="side"))
        self.assertEqual(self.put(job, self.upload()).status, 202)
        self.d.restart()
        self.assertIn("kept-one", self.d.files("spool"))
        self.done(2, job)
        wait_until(lambda: "kept-one" not in self.d.files("spool"), "the old video's file is gone")


class Clinician(ReplaceTest):
    settings = {"release.mode": "clinician"}

    def test_what_is_released_stays_until_the_new_one_is(self):
        job = self.done()
        self.d.request("POST", f"/api/v1/jobs/{job}/release", self.staff, json_body={"attempt": 1, "comment": "film the side again"})
        self.assertEqual(self.put(job, self.upload()).json["release"]["shown"], 1)
        self.done(2, job)
        seen = self.d.get(f"/api/v1/jobs/{job}", self.ann).json
        self.assertEqual((seen["release"]["state"], seen["release"]["shown"], seen["release"]["comment"]), ("waiting", 1, "film the side again"))
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/result", self.ann).status, 200)


class Whole(unittest.TestCase):
    def test_the_whole_way_with_the_job_script(self):
        with Gaitd(settings={"queue.max_attempts": "1"}) as d:
            ann = d.person()
            job = d.new_job(ann, side=video("exit65", seed="bad"))
            wait_until(lambda: d.job_row(job)["state"] == "inference_error", "its end")
            upload = tus.whole(d, ann, video(seed="good")).rsplit("/", 1)[1]
            self.assertEqual(d.request("PUT", f"/api/v1/jobs/{job}/videos/side", ann, json_body={"upload": upload}).status, 202)
            d.wait_job(job, "complete")
            self.assertEqual(json.loads(d.get(f"/api/v1/jobs/{job}/result", ann).body)["score"]["value"], 0.75)
            wait_until(lambda: not d.files("spool") and d.count("old_videos") == 0, "nothing is left over")


if __name__ == "__main__":
    main()
