"""Jobs: lists, status, rights, events, results, cancel, rerun, erase."""

import json
import threading
import time
import unittest

from apitest import NOBODYS, ApiTest, main
from gaitd import RESULT, Gaitd, video, wait_until


class Lists(ApiTest):
    engines = "parked"
    settings = {"cluster.max_in_flight": "1"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = cls.d.person("bob@example.org")
        cls.cid = cls.d.person("cid@example.org")
        cls.bobs = [cls.d.new_job(cls.bob, subject="b-1" if i % 2 else None, sex="F") for i in range(7)]
        cls.staffs = cls.d.new_job(cls.staff)
        cls.d.wait_job(cls.bobs[0], "processing", "submitted")

    def pages(self, token, query):
        got, before = [], None
        while True:
            page = self.d.get(f"/api/v1/jobs?{query}" + (f"&before={before}" if before else ""), token).json
            got.append([j["id"] for j in page["jobs"]])
            before = page["next"]
            if before is None:
                return got
            self.assertLess(len(got), 20)

    def test_pages_newest_first(self):
        newest_first = list(reversed(self.bobs))
        for limit, sizes in ((3, [3, 3, 1]), (7, [7]), (1, [1] * 7), (100, [7])):
            pages = self.pages(self.bob, f"limit={limit}")
            self.assertEqual([len(p) for p in pages], sizes)
            self.assertEqual(sum(pages, []), newest_first)

    def test_empty(self):
        self.assertEqual(self.d.get("/api/v1/jobs", self.cid).json, {"jobs": [], "next": None})

    def test_filters(self):
        def ids(query, token=self.bob):
            return [j["id"] for j in self.d.get(f"/api/v1/jobs?{query}", token).json["jobs"]]
        self.assertEqual(ids("status=processing"), self.bobs[:1])
        self.assertEqual(ids("status=queued"), list(reversed(self.bobs[1:])))
        self.assertEqual(ids("status=complete"), [])
        subject = self.d.get("/api/v1/subjects", self.bob).json["subjects"][0]
        self.assertEqual((subject["code"], subject["jobs"]), ("b-1", 3))
        self.assertEqual(ids(f"subject={subject['id']}"), [self.bobs[5], self.bobs[3], self.bobs[1]])
        self.assertEqual(ids(f"subject={subject['id']}&status=queued&limit=1"), [self.bobs[5]])
        self.assertEqual(ids(f"subject={subject['id']}", self.cid), [])

    def test_whose(self):
        everybody = {j["id"] for j in self.d.get("/api/v1/jobs?limit=100", self.staff).json["jobs"]}
        self.assertEqual(everybody, {*self.bobs, self.staffs})
        self.assertEqual([j["id"] for j in self.d.get("/api/v1/jobs?mine", self.staff).json["jobs"]], [self.staffs])
        self.assertEqual([j["id"] for j in self.d.get("/api/v1/jobs?mine=1", self.staff).json["jobs"]], [self.staffs])

    def test_wrong_queries(self):
        for query in ("limit=0", "limit=101", "limit=x", "limit=", "limit=-1", "limit=1e2", "status=done", "status=", "before=x",
                      "before=" + "z" * 26, "before=", "subject=x", "subject=" + "z" * 27):
            with self.subTest(query):
                self.refused(self.d.get(f"/api/v1/jobs?{query}", self.bob), 422)
        self.refused(self.d.get("/api/v1/jobs?limit=%zz", self.bob), 400)

    def test_place_in_the_queue(self):
        # Staff's one job is between them: whoever was served longest ago comes first.
        places = {j: self.d.get(f"/api/v1/jobs/{j}", self.bob).json["queue"]["position"] for j in self.bobs[1:]}
        places[self.staffs] = self.d.get(f"/api/v1/jobs/{self.staffs}", self.staff).json["queue"]["position"]
        self.assertEqual(sorted(places, key=places.get), [self.staffs, *self.bobs[1:]])
        self.assertEqual(sorted(places.values()), list(range(7)))
        self.assertNotIn("queue", self.d.get(f"/api/v1/jobs/{self.bobs[0]}", self.bob).json)
        listed = {j["id"]: j["queue"]["position"] for j in self.d.get("/api/v1/jobs?status=queued", self.staff).json["jobs"]}
        self.assertEqual(listed, places)
        self.assertIsNone(self.d.get(f"/api/v1/jobs/{self.staffs}", self.staff).json["queue"]["estimated_wait_s"])


class Rights(ApiTest):
    engines = "parked"

    def test_of_another_one_is_404_and_staff_sees_it(self):
        bob = self.d.person("bob@example.org")
        job = self.d.new_job(self.ann)
        attempt = self.d.attempt(job)
        attempt.checkin(), attempt.complete()
        own = self.d.get(f"/api/v1/jobs/{job}", self.ann).json
        for method, path in (("GET", ""), ("GET", "/events"), ("GET", "/result"), ("GET", "/files/result.json"),
                             ("POST", "/cancel"), ("POST", "/rerun"), ("DELETE", "")):
            with self.subTest(f"{method} {path}"):
                theirs = self.refused(self.d.request(method, f"/api/v1/jobs/{job}{path}", bob), 404)
                nobodys = self.refused(self.d.request(method, f"/api/v1/jobs/{NOBODYS}{path}", bob), 404)
                self.assertEqual({k: v for k, v in theirs.json.items() if k != "request_id"},
                                 {k: v for k, v in nobodys.json.items() if k != "request_id"})
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}", self.ann).json["version"], own["version"])
        seen = self.d.get(f"/api/v1/jobs/{job}", self.staff).json
        self.assertEqual(seen["owner"], self.d.job_row(job)["owner"])
        self.assertIn("cluster_id", seen["attempts"][0])
        self.assertNotIn("owner", own)
        self.assertNotIn("cluster_id", own["attempts"][0])
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/result", self.staff).status, 200)

    def test_ordinal_of_another(self):
        carl = self.d.person("carl@example.org")
        self.d.new_job(self.ann)
        self.refused(self.d.get("/api/v1/jobs/1", carl), 404)
        self.assertEqual(self.d.get("/api/v1/jobs/1", self.ann).status, 200)

    def test_names_that_are_no_job(self):
        for name in ("0", "-1", "9" * 30, "x", "%00", "%2e%2e", NOBODYS.upper(), NOBODYS + "1", NOBODYS + "-1", "%ff", "1%20"):
            with self.subTest(name):
                self.assertIn(self.d.get(f"/api/v1/jobs/{name}", self.ann).status, (400, 404))

    def test_patient_facts_are_in_no_answer(self):
        job = self.d.new_job(self.ann, notes="limps since march", ethnicity="hispanic", weight="71.25kg", height="183.5cm",
                             walking_aid="crutches", orthosis="left", footwear="barefoot")
        text = self.d.get(f"/api/v1/jobs/{job}", self.staff).text + self.d.get("/api/v1/jobs", self.ann).text
        for fact in ("limps", "hispanic", "71.25", "183.5", "crutches", "left", "barefoot"):
            self.assertNotIn(fact, text)
        self.assertNotIn("limps", self.d.stderr())
        self.assertNotIn("ann@example.org", self.d.stderr())


class Status(ApiTest):
    engines = "parked"

    def test_etag(self):
        job = self.d.new_job(self.ann)
        attempt = self.d.attempt(job)
        attempt.checkin()
        attempt.heartbeat("pose_front", 10)
        url = f"/api/v1/jobs/{job}"
        first = self.d.get(url, self.ann)
        self.assertEqual(first.json["progress"], {"step": "pose_front", "percent": 10})
        tag = first.headers["ETag"]
        self.assertEqual(first.headers["Cache-Control"], "private, no-cache")
        for value in (tag, f'"x", {tag}', f"W/{tag}", "*"):
            same = self.d.get(url, self.ann, If_None_Match=value)
            self.assertEqual((same.status, same.body, same.headers["ETag"]), (304, b"", tag), value)
        for value in ('"x"', "x", tag.strip('"'), ""):
            self.assertEqual(self.d.get(url, self.ann, If_None_Match=value).status, 200, value)
        self.assertEqual(self.d.get(url, self.staff, If_None_Match=tag).status, 200)
        attempt.heartbeat("pose_front", 10)
        self.assertEqual(self.d.get(url, self.ann, If_None_Match=tag).status, 304, "the same again is no news")
        attempt.heartbeat("pose_front", 11)
        later = self.d.get(url, self.ann, If_None_Match=tag)
        self.assertEqual((later.status, later.json["progress"]["percent"]), (200, 11))
        self.assertGreater(later.json["version"], first.json["version"])

    def test_score_that_is_null(self):
        job = self.d.new_job(self.ann)
        attempt = self.d.attempt(job)
        attempt.checkin()
        result = json.loads(json.dumps(RESULT))
        result["score"].update(value=None, reasons=[{"code": "few_cycles", "text": "Too few steps are in the video."}])
        self.assertEqual(attempt.complete(result, score=None).status, 200)
        shown = self.d.get(f"/api/v1/jobs/{job}", self.ann).json
        self.assertEqual((shown["status"]["value"], shown["result"]["score"]), ("complete", None))

    def test_history_of_a_job(self):
        job = self.d.new_job(self.ann)
        attempt = self.d.attempt(job)
        self.d.wait_job(job, "processing", "submitted")
        attempt.checkin(), attempt.heartbeat(), attempt.complete()
        shown = self.d.get(f"/api/v1/jobs/{job}", self.ann).json
        self.assertEqual([(e["status"], e["phase"]) for e in shown["events"]],
                         [("queued", ""), ("processing", "staging"), ("processing", "submitted"), ("processing", "running"),
                          ("complete", "")])
        self.assertEqual(shown["status"], {"value": "complete", "code": "Complete", "message": "The analysis is done."})


class Events(ApiTest):
    engines = "parked"
    settings = {"http.heartbeat": "1s"}

    def play(self, job):
        attempt = self.d.attempt(job)
        self.d.wait_job(job, "processing", "submitted")
        self.assertEqual(attempt.checkin().status, 200)
        for percent in (10, 20, 30):
            attempt.heartbeat("pose_front", percent)
        self.assertEqual(attempt.complete().status, 200)

    def test_from_the_start_to_the_end(self):
        job = self.d.new_job(self.ann)
        with self.d.events(self.ann, job) as live:
            head = live.response.headers
            self.assertEqual((head["Content-Type"], head["Cache-Control"], head["X-Accel-Buffering"]),
                             ("text/event-stream", "no-store", "no"))
            player = threading.Thread(target=self.play, args=(job,))
            player.start()
            seen = live.until(lambda e: e["data"]["status"] == "complete")
            player.join(60)
        self.assertEqual([e["data"]["percent"] for e in seen if e["event"] == "progress"], [10, 20, 30])
        rows = self.d.rows("SELECT seq FROM events WHERE job = ? ORDER BY seq", job)
        self.assertEqual([int(e["id"]) for e in seen], [r["seq"] for r in rows])
        with self.d.events(self.ann, job) as replay:
            self.assertEqual(replay.until(lambda e: e["data"]["status"] == "complete"), seen)
        middle = int(seen[3]["id"])
        with self.d.events(self.ann, job, last=middle) as resumed:
            self.assertEqual(resumed.until(lambda e: e["data"]["status"] == "complete"), seen[4:])
        with self.d.events(self.ann, job, query=f"?after={middle}") as resumed:
            self.assertEqual(resumed.until(lambda e: e["data"]["status"] == "complete"), seen[4:])

    def test_resume_behind_the_end_and_live_after_it(self):
        job = self.d.new_job(self.ann)
        self.play(job)
        last = self.d.rows("SELECT max(seq) AS seq FROM events")[0]["seq"]
        with self.d.events(self.ann, job, last=last) as live:
            self.d.request("POST", f"/api/v1/jobs/{job}/rerun", self.ann)
            self.assertEqual(live.next()["data"]["status"], "queued")

    def test_heartbeat_in_silence(self):
        job = self.d.new_job(self.ann)
        self.play(job)
        with self.d.events(self.ann, job) as live:
            live.until(lambda e: e["data"]["status"] == "complete")
            live.beat()
            started = time.monotonic()
            live.beat()
            self.assertLess(time.monotonic() - started, 10)
            self.assertGreater(time.monotonic() - started, 0.3)

    def test_what_another_process_does_is_told_within_a_second(self):
        job = self.d.new_job(self.ann)
        self.d.wait_job(job, "processing", "submitted")
        with self.d.events(self.ann, job) as live:
            live.until(lambda e: e["data"]["phase"] == "submitted")
            self.d.ctl("jobs", "cancel", job)
            done = time.monotonic()
            event = live.next()
            self.assertLess(time.monotonic() - done, 1.0)
            self.assertIn("cancel", event["data"]["text"].lower())
            live.until(lambda e: e["data"]["status"] == "cancelled")

    def test_wrong_positions(self):
        job = self.d.new_job(self.ann)
        for value in ("x", "-1", "1.5", "9" * 30):
            self.refused(self.d.get(f"/api/v1/jobs/{job}/events", self.ann, Last_Event_ID=value), 400)

    def test_two_listeners_and_one_that_leaves(self):
        job = self.d.new_job(self.ann)
        with self.d.events(self.ann, job) as one, self.d.events(self.staff, job) as two:
            gone = self.d.events(self.ann, job)
            gone.next()
            gone.connection.reset()
            player = threading.Thread(target=self.play, args=(job,))
            player.start()
            self.assertEqual(one.until(lambda e: e["data"]["status"] == "complete"),
                             two.until(lambda e: e["data"]["status"] == "complete"))
            player.join(60)

    def test_streams_end_when_the_server_stops(self):
        with Gaitd("parked") as d:
            token = d.person()
            with d.events(token, d.new_job(token)) as live:
                d.stop()
                with self.assertRaises(EOFError):
                    while True:
                        live.next()


class Results(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job = cls.d.new_job(cls.ann, side=video(size=300000, seed="side"))
        cls.d.wait_job(cls.job, "complete")
        cls.url = f"/api/v1/jobs/{cls.job}"

    def test_result(self):
        answer = self.d.get(f"{self.url}/result", self.ann)
        self.assertEqual(answer.json, RESULT)
        self.assertNotIn("Content-Disposition", answer.headers)
        self.assertEqual(self.d.get(f"{self.url}/result", self.ann, If_None_Match=answer.headers["ETag"]).status, 304)

    def test_files_are_what_was_put_there(self):
        import hashlib
        for name in ("overlay_front.mp4", "overlay_side.mp4", "keypoints_front.tar.gz", "keypoints_side.tar.gz", "result.json"):
            answer = self.d.get(f"{self.url}/files/{name}", self.ann)
            self.assertEqual(answer.headers["ETag"], f'"{hashlib.sha256(answer.body).hexdigest()}"')
            self.assertIn(f'attachment; filename="{name}"', answer.headers["Content-Disposition"])
            self.assertEqual(int(answer.headers["Content-Length"]), len(answer.body))
        self.assertIn(b"behave:ok", self.d.get(f"{self.url}/files/overlay_side.mp4", self.ann).body)
        shown = self.d.get(f"{self.url}/files/overlay_side.mp4?inline", self.ann)
        self.assertNotIn("Content-Disposition", shown.headers)

    def test_ranges(self):
        url = f"{self.url}/files/overlay_side.mp4"
        whole = self.d.get(url, self.ann)
        size = len(whole.body)
        for text, start, end in (("0-0", 0, 1), ("0-99", 0, 100), (f"{size - 1}-", size - 1, size), ("-10", size - 10, size),
                                 ("100000-", 100000, size), (f"5-{size * 2}", 5, size), (f"-{size * 2}", 0, size)):
            part = self.d.get(url, self.ann, Range=f"bytes={text}")
            self.assertEqual((part.status, part.body), (206, whole.body[start:end]), text)
            self.assertEqual(part.headers["Content-Range"], f"bytes {start}-{end - 1}/{size}")
        for text in (f"{size}-", f"{size + 5}-{size + 9}", "-0"):
            refused = self.refused(self.d.get(url, self.ann, Range=f"bytes={text}"), 416)
            self.assertEqual(refused.headers["Content-Range"], f"bytes */{size}")
        for text in ("bytes=0-1,5-6", "bytes=x", "bytes=5-2", "lines=0-1", "bytes=0-1-2"):
            self.assertEqual(self.d.get(url, self.ann, Range=text).body, whole.body, text)
        tag = whole.headers["ETag"]
        self.assertEqual(self.d.get(url, self.ann, Range="bytes=0-3", If_Range=tag).status, 206)
        self.assertEqual(self.d.get(url, self.ann, Range="bytes=0-3", If_Range='"other"').status, 200)

    def test_names_that_are_no_file(self):
        for name in ("x", "..", "%2e%2e", "..%2fresult.json", "result.json%00", "in", "front.mp4", "%2fetc%2fpasswd", "result.json/"):
            with self.subTest(name):
                self.assertIn(self.d.get(f"{self.url}/files/{name}", self.ann).status, (400, 404))

    def test_no_result_yet(self):
        job = self.d.new_job(self.ann, front=video("gate"))
        for path in ("result", "files/result.json"):
            self.refused(self.d.get(f"/api/v1/jobs/{job}/{path}", self.ann), 404, "no result yet")
        self.d.open_gate()
        self.d.wait_job(job, "complete")

    def test_rerun_keeps_the_old_result_until_the_new_one(self):
        job = self.d.new_job(self.ann, email="ann@example.org")
        self.d.wait_job(job, "complete")
        url, other = f"/api/v1/jobs/{job}", json.loads(json.dumps(RESULT))
        other["score"]["value"] = 0.25
        self.d.result = other
        self.addCleanup(setattr, self.d, "result", RESULT)
        answer = self.d.request("POST", f"{url}/rerun", self.ann)
        self.assertEqual((answer.status, answer.json["status"]["value"]), (202, "queued"))
        self.refused(self.d.request("POST", f"{url}/rerun", self.ann), 409, "not over")
        self.assertEqual(self.d.get(f"{url}/result", self.ann).json, RESULT)
        self.d.wait_job(job, "complete")
        shown = self.d.get(url, self.ann).json
        self.assertEqual((shown["result"]["attempt"], shown["result"]["score"], len(shown["attempts"])), (2, 0.25, 2))
        self.assertEqual(self.d.get(f"{url}/result", self.ann).json, other)
        kinds = sorted(m["kind"] for m in self.d.rows("SELECT kind FROM outbox WHERE job = ?", job))
        self.assertEqual(kinds, ["received", "result", "result"])


class Changes(ApiTest):
    settings = {"cluster.max_in_flight": "1"}

    def cancel(self, job, token=None):
        return self.d.request("POST", f"/api/v1/jobs/{job}/cancel", token or self.ann)

    def erase(self, job, token=None):
        return self.d.request("DELETE", f"/api/v1/jobs/{job}", token or self.ann)

    def test_cancel_while_queued(self):
        first = self.d.new_job(self.ann, front=video("gate"))
        second = self.d.new_job(self.ann)
        self.d.wait_job(first, "processing", "running")
        answer = self.cancel(second)
        self.assertEqual((answer.status, answer.json["status"]["value"]), (202, "cancelled"))
        self.assertEqual(self.cancel(second).status, 202)
        self.d.open_gate()
        self.d.wait_job(first, "complete")
        self.assertEqual(self.d.rows("SELECT 1 FROM attempts WHERE job = ?", second), [])
        self.refused(self.cancel(first), 409, "over")

    def test_cancel_while_it_runs_reaches_the_engine(self):
        job = self.d.new_job(self.ann, side=video("gate"))
        wait_until(lambda: "run side.mp4 behave:gate" in self.d.engine_runs(), "the engine on the side video")
        runs = len(self.d.engine_runs())
        self.assertEqual(self.cancel(job).status, 202)
        self.d.wait_job(job, "cancelled")
        wait_until(lambda: not self.d.attempt_processes(), lambda: f"the engine's end: {self.d.attempt_processes()}")
        self.assertEqual(len(self.d.engine_runs()), runs)
        shown = self.d.get(f"/api/v1/jobs/{job}", self.ann).json
        self.assertEqual((shown["status"]["value"], shown["attempts"][0]["outcome"]), ("cancelled", "cancelled"))
        again = self.d.request("POST", f"/api/v1/jobs/{job}/rerun", self.ann)
        self.assertEqual(again.status, 202)
        self.d.open_gate()
        self.d.wait_job(job, "complete")

    def test_erase(self):
        job = self.d.new_job(self.ann, notes="to be forgotten", email="ann@example.org", subject="erase-me", walking_aid="cane",
                             orthosis="right", footwear="socks")
        self.d.wait_job(job, "complete")
        self.d.wait_mails(2)
        self.assertTrue([f for f in self.d.files("blobs") if job in f])
        self.assertEqual(self.erase(job).status, 204)
        self.assertEqual([f for f in self.d.files("blobs") + self.d.files("spool") if job in f], [])
        row = self.d.job_row(job)
        for fact in ("age_months", "sex", "ethnicity", "height_cm", "weight_kg", "email", "role", "notes", "score", "subject",
                     "walking_aid", "orthosis", "footwear"):
            self.assertIsNone(row[fact], fact)
        for path in ("result", "files/result.json", "files/overlay_side.mp4"):
            self.refused(self.d.get(f"/api/v1/jobs/{job}/{path}", self.ann), 404)
        shown = self.d.get(f"/api/v1/jobs/{job}", self.ann).json
        self.assertEqual((shown["erased"], shown["files"], shown["subject"]), (True, [], None))
        self.assertNotIn("result", shown)
        self.assertEqual(self.erase(job).status, 204)
        audit = self.d.rows("SELECT * FROM audit WHERE action = 'job_erase' AND object = ?", job)
        self.assertEqual(len(audit), 1)
        self.assertTrue(audit[0]["actor"].startswith("user:"))
        self.refused(self.d.request("POST", f"/api/v1/jobs/{job}/rerun", self.ann), 409, "erased")
        self.assertEqual(self.d.rows("SELECT recipient FROM outbox WHERE job = ? AND recipient != ''", job), [])
        database = b"".join((self.d.data / f).read_bytes() for f in ("gaitd.sqlite", "gaitd.sqlite-wal"))
        self.assertFalse(b"to be forgotten" in database, "it is still in the database's files")

    def test_erase_of_what_is_not_over(self):
        job = self.d.new_job(self.ann, front=video("gate"))
        self.refused(self.erase(job), 409, "cancel")
        self.d.open_gate()
        self.d.wait_job(job, "complete")
        self.assertEqual(self.erase(job, self.staff).status, 204)

    def test_cancelled_and_erased_before_it_began(self):
        blocker = self.d.new_job(self.ann, front=video("gate"))
        job = self.d.new_job(self.ann)
        self.cancel(job)
        self.assertEqual(self.erase(job).status, 204)
        self.assertEqual([f for f in self.d.files("blobs") + self.d.files("spool") if job in f], [])
        self.d.open_gate()
        self.d.wait_job(blocker, "complete")


if __name__ == "__main__":
    main()
