"""What attempts may do: check-in, heartbeat, completion, signed URLs."""

import hashlib
import json
import subprocess
import threading
import time
import unittest
import urllib.parse

from apitest import ApiTest, main
from gaitd import RESULT, SOURCE, Gaitd, Part, video, wait_until


def changed(url, **query):
    """A signed URL with other query values."""
    at = urllib.parse.urlsplit(url)
    values = dict(urllib.parse.parse_qsl(at.query))
    values.update({k: str(v) for k, v in query.items() if v is not None})
    for name in [k for k, v in query.items() if v is None]:
        values.pop(name)
    return urllib.parse.urlunsplit(at._replace(query=urllib.parse.urlencode(values)))


class Parked(ApiTest):
    engines = "parked"
    settings = {"cluster.max_in_flight": "8"}

    def new(self, checkin=True, **fields):
        attempt = self.d.attempt(self.d.new_job(self.ann, **fields))
        if checkin:
            answer = attempt.checkin()
            self.assertEqual(answer.status, 200, answer)
        return attempt

    def over(self, attempt):
        """So that the next test finds a free place on the cluster."""
        self.d.request("POST", f"/api/v1/jobs/{attempt.job}/cancel", self.ann)


class CheckIn(Parked):
    def test_work_order(self):
        front, side = video(seed="order-front"), video(seed="order-side", size=5000)
        attempt = self.new(front=front, side=side, age=None, age_months="100", height="5'7\"", sex="O", subject_hint_side="12.345,6",
                           walking_aid="cane", footwear="insoles")
        order = attempt.order
        self.assertEqual((order["attempt"], order["job"], order["run_id"]), (attempt.id, attempt.job, attempt.run_id))
        self.assertEqual(order["patient"], {"height_cm": 170.18, "age_months": 100, "age_years": 8, "sex": "O",
                                            "walking_aid": "cane", "orthosis": None, "footwear": "insoles"})
        self.assertEqual(order["engine"]["hints"], {"side": "12.35,6.00"})
        for name, data in (("front", front), ("side", side)):
            item = order["inputs"][name]
            self.assertEqual((item["bytes"], item["sha256"]), (len(data), hashlib.sha256(data).hexdigest()))
            self.assertEqual(self.d.get(item["url"]).body, data)
        left = time.mktime(time.strptime(order["deadline"], "%Y-%m-%dT%H:%M:%S.%fZ")) - time.timezone - time.time()
        self.assertTrue(3500 < left <= 3601, left)
        self.over(attempt)

    def test_the_same_run_may_come_again_another_may_not(self):
        attempt = self.new()
        self.assertEqual(attempt.checkin().status, 200)
        self.refused(attempt.checkin(run_id="another-run-0001"), 409, "another run")
        self.refused(attempt.heartbeat(run_id="another-run-0001"), 409)
        self.refused(attempt.complete(run_id="another-run-0001"), 409)
        self.assertEqual(attempt.complete().status, 200)

    def test_two_runs_at_once(self):
        attempt, got, together = self.new(checkin=False), [], threading.Barrier(4)

        def one(i):
            together.wait(30)
            got.append(attempt.checkin(run_id=f"run-number-{i}").status)
        threads = [threading.Thread(target=one, args=(i,)) for i in range(4)]
        [t.start() for t in threads]
        [t.join(60) for t in threads]
        self.assertEqual(sorted(got), [200, 409, 409, 409])
        self.over(attempt)

    def test_credentials(self):
        attempt, other = self.new(checkin=False), self.new(checkin=False)
        for token in ("x", "gt_" + "A" * 43, attempt.token[:-1], attempt.token + "A", other.token, self.ann, self.staff):
            with self.subTest(token[:6]):
                self.refused(attempt.checkin(token=token), 404)
                self.refused(attempt.heartbeat(token=token), 404)
                self.refused(attempt.complete(token=token), 404)
        self.refused(attempt.checkin(token=""), 401)
        self.refused(attempt.complete(token=""), 401)
        self.refused(self.d.get("/api/v1/jobs", attempt.token), 401)
        for name in ("x", attempt.job, attempt.job + "-2", attempt.job + "-0", attempt.job + "-01", attempt.id + "0"):
            self.refused(self.d.request("POST", f"/api/v1/attempts/{name}/checkin", attempt.token,
                                        json_body={"run_id": attempt.run_id}), 404)
        self.over(attempt), self.over(other)

    def test_run_ids(self):
        attempt = self.new(checkin=False)
        for run in ("", "short", "x" * 65, "with blank", "a/b/c/d/e", "é" * 8, 12345678, None):
            with self.subTest(run):
                self.refused(attempt.checkin(run_id=run), 422)
        self.assertIsNone(self.d.rows("SELECT run_id FROM attempts WHERE id = ?", attempt.id)[0]["run_id"])
        self.over(attempt)

    def test_after_a_cancel(self):
        attempt = self.new()
        self.over(attempt)
        self.d.wait_job(attempt.job, "cancelled")
        for answer in (attempt.checkin(), attempt.heartbeat(), attempt.complete(), attempt.fail()):
            self.refused(answer, 409)
        self.assertEqual(self.d.job_row(attempt.job)["state"], "cancelled")

    def test_token_is_dead_after_the_end_and_of_the_attempt_before(self):
        attempt = self.new()
        self.assertEqual(attempt.fail("no_person").status, 200)
        self.refused(attempt.checkin(), 409)
        self.d.request("POST", f"/api/v1/jobs/{attempt.job}/rerun", self.ann)
        second = self.d.attempt(attempt.job, 2)
        self.assertNotEqual(second.token, attempt.token)
        self.refused(attempt.checkin(), 409)
        self.refused(attempt.complete(), 409)
        self.refused(second.checkin(token=attempt.token), 404)
        self.assertEqual(second.checkin().status, 200)
        self.assertEqual(second.complete().status, 200)


class Heartbeat(Parked):
    def test_is_shown(self):
        attempt = self.new()
        self.assertEqual(attempt.heartbeat("pose_side", 55).status, 204)
        shown = self.d.get(f"/api/v1/jobs/{attempt.job}", self.ann).json
        self.assertEqual(shown["progress"], {"step": "pose_side", "percent": 55})
        self.over(attempt)

    def test_before_the_check_in(self):
        attempt = self.new(checkin=False)
        self.refused(attempt.heartbeat(), 409)
        self.over(attempt)

    def test_values(self):
        attempt = self.new()
        for changes in ({"step": ""}, {"step": "x" * 24}, {"step": "Pose"}, {"step": "<b>"}, {"step": 5}, {"percent": -1}, {"percent": 101},
                        {"percent": "5"}, {"percent": 4294967296 + 50}, {"percent": 1.5}, {"percent": None}, {"run_id": "x"}):
            with self.subTest(changes):
                self.refused(attempt.heartbeat(**changes), 422)
        self.over(attempt)


class Completion(Parked):
    def test_repeated(self):
        attempt = self.new()
        self.assertEqual(attempt.complete().status, 200)
        version = self.d.job_row(attempt.job)["version"]
        self.assertEqual(attempt.complete().status, 200)
        other = json.loads(json.dumps(RESULT))
        other["score"]["value"] = 0.5
        self.refused(attempt.complete(other, score="0.5"), 409)
        self.refused(attempt.fail(), 409)
        row = self.d.job_row(attempt.job)
        self.assertEqual((row["version"], row["score"]), (version, 0.75))
        self.assertEqual(self.d.get(f"/api/v1/jobs/{attempt.job}/result", self.ann).json, RESULT)

    def test_several_at_once(self):
        attempt, got, together = self.new(), [], threading.Barrier(4)

        def one():
            together.wait(30)
            got.append(attempt.complete().status)
        threads = [threading.Thread(target=one) for _ in range(4)]
        [t.start() for t in threads]
        [t.join(60) for t in threads]
        self.assertEqual(got, [200] * 4)
        self.assertEqual(len([h for h in self.d.history(attempt.job) if "complete/" in h]), 1)

    def test_failure_repeated(self):
        attempt = self.new()
        self.assertEqual(attempt.fail("not_a_video", "The front video could not be read as a video.").status, 200)
        self.assertEqual(attempt.fail("not_a_video", "The front video could not be read as a video.").status, 200)
        self.refused(attempt.complete(), 409)
        shown = self.d.get(f"/api/v1/jobs/{attempt.job}", self.ann).json
        self.assertEqual(shown["error"], {"kind": "not_a_video", "text": "The front video could not be read as a video."})
        self.assertEqual(self.d.count("attempts"), len(self.d.rows("SELECT DISTINCT job, n FROM attempts")))

    def test_failures_log_is_for_operators(self):
        attempt = self.new()
        attempt.fail("no_person", log="node7: 0 people\nsecond \x1b[31mline")
        self.assertNotIn("node7", self.d.get(f"/api/v1/jobs/{attempt.job}", self.ann).text)
        shown = self.d.ctl("jobs", "show", attempt.job)
        self.assertIn("node7", shown)
        self.assertNotIn("\x1b", shown)

    def test_fields(self):
        attempt = self.new()
        for changes in ({"status": "done"}, {"status": ""}, {"status": None}, {"run_id": None}, {"job_id": None}, {"attempt": None},
                        {"score": "0.5"}, {"score": "x"}, {"score": ""}, {"score": None}, {"score": "nan"}, {"colour": "red"}):
            with self.subTest(changes):
                self.refused(attempt.complete(**changes), 422)
        for changes in ({"job_id": "01m80egremq45n0ja0qmwbpy56"}, {"attempt": attempt.job + "-2"}, {"attempt": "x"}):
            with self.subTest(changes):
                self.refused(attempt.complete(**changes), 404)
        for error in (None, "", "text", "[]", "{}", '{"kind":"Bad Kind","text":"x"}', '{"kind":5}', '{"kind":"%s"}' % ("x" * 32), "{" * 50):
            with self.subTest(error):
                self.assertIn(attempt.fail(error=error).status, (400, 422))
        self.assertEqual(attempt.complete().status, 200, "it could still be completed")

    def test_results_that_are_none(self):
        attempt = self.new()
        for result in (b"not json", b"", b"[]", b"{}", b'{"score":{"value":2},"parameters":{},"quality":{}}', b"\xff\xfe" * 10,
                       b'{"score":{"value":"0.75"},"parameters":{},"quality":{}}', b"[" * 1000, b'{"score":{},"parameters":{},"quality":{}'):
            with self.subTest(result[:20]):
                answer = attempt.complete(result)
                self.assertIn(answer.status, (400, 422), answer)
        self.assertEqual(attempt.complete().status, 200, "a wrong result does not stand in a right one's way")
        self.assertEqual(self.d.get(f"/api/v1/jobs/{attempt.job}/result", self.ann).json, RESULT)

    def test_result_over_its_limit(self):
        attempt = self.new()
        self.refused(attempt.complete(b" " * (33 << 20)), 413)
        self.refused(self.d.post_form("/api/v1/completion", [Part("result", b"x", "r"), Part("virus", b"x", "v")], attempt.token), 422)
        with self.d.connect() as c:
            c.head("POST", "/api/v1/completion", self.d.headers(attempt.token, {
                "Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(1 << 30)}))
            self.refused(c.answer(), 413)
        self.over(attempt)

    def test_unknown_token_is_refused_before_the_body_is_read(self):
        with self.d.connect(20) as c:
            c.head("POST", "/api/v1/completion", self.d.headers("A" * 43, {
                "Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(30 << 20)}))
            self.refused(c.answer(), 404)

    def test_outputs_that_were_put_are_listed(self):
        attempt = self.new()
        for name, data in (("overlay_front.mp4", b"front" * 100), ("keypoints_side.tar.gz", b"side" * 100)):
            self.assertEqual(self.d.request("PUT", attempt.order["outputs"][name]["url"], body=data).status, 201)
        attempt.complete()
        shown = self.d.get(f"/api/v1/jobs/{attempt.job}", self.ann).json
        self.assertEqual({f["name"]: f["bytes"] for f in shown["files"]},
                         {"overlay_front.mp4": 500, "keypoints_side.tar.gz": 400, "result.json": len(json.dumps(RESULT))})
        self.assertEqual(self.d.get(f"/api/v1/jobs/{attempt.job}/files/overlay_front.mp4", self.ann).body, b"front" * 100)
        self.refused(self.d.get(f"/api/v1/jobs/{attempt.job}/files/report.pdf", self.ann), 404, "no file of that name")

    def test_every_output_is_of_its_type(self):
        types = {"result.json": "application/json", "report.pdf": "application/pdf", "overlay_front.mp4": "video/mp4",
                 "overlay_side.mp4": "video/mp4", "parameters.csv": "text/csv; charset=utf-8",
                 "markers.trc": "text/plain; charset=utf-8", "angles.mot": "text/plain; charset=utf-8",
                 "curves.svg": "image/svg+xml", "events.svg": "image/svg+xml", "table.svg": "image/svg+xml",
                 "keypoints_front.tar.gz": "application/gzip", "keypoints_side.tar.gz": "application/gzip"}
        attempt = self.new()
        self.assertEqual(set(attempt.order["outputs"]), set(types))
        for name in set(types) - {"result.json"}:
            self.assertEqual(self.d.request("PUT", attempt.order["outputs"][name]["url"], body=name.encode()).status, 201)
        attempt.complete()
        shown = self.d.get(f"/api/v1/jobs/{attempt.job}", self.ann).json
        self.assertEqual({f["name"] for f in shown["files"]}, set(types))
        for name, kind in types.items():
            for how in ("", "?inline"):
                answer = self.d.get(f"/api/v1/jobs/{attempt.job}/files/{name}{how}", self.ann)
                self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, kind))
                saved = f'attachment; filename="{name}"; filename*=UTF-8\'\'{name}'
                self.assertEqual(answer.headers.get("Content-Disposition"), None if how else saved)
                # A picture that could hold a script is shown without one.
                self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")


class SignedUrls(Parked):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.attempt = cls.d.attempt(cls.d.new_job(cls.ann))
        cls.attempt.checkin()
        cls.get_url = cls.attempt.order["inputs"]["front"]["url"]
        cls.put_url = cls.attempt.order["outputs"]["overlay_front.mp4"]["url"]

    def test_expired(self):
        for url, method in ((self.get_url, "GET"), (self.put_url, "PUT")):
            self.refused(self.d.request(method, changed(url, expires=int(time.time()) - 1), body=None), 403)

    def test_tampered(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.get_url).query))
        for changes in ({"expires": int(query["expires"]) + 1}, {"max": 1}, {"signature": "A" * 43}, {"signature": ""}, {"signature": None},
                        {"expires": None}, {"max": None}, {"signature": query["signature"][:-1]}, {"signature": query["signature"] + "A"},
                        {"expires": "+" + query["expires"]}, {"expires": "0" + query["expires"]}, {"expires": "9" * 30}):
            with self.subTest(changes):
                self.refused(self.d.get(changed(self.get_url, **changes)), 403)

    def test_other_method(self):
        self.refused(self.d.request("PUT", self.get_url, body=b"overwritten"), 403)
        self.refused(self.d.get(self.put_url), 403)
        self.refused(self.d.request("DELETE", self.get_url), 405)
        self.assertIn(b"behave:ok", self.d.get(self.get_url).body)

    def test_other_key(self):
        for old, new in (("front.mp4", "side.mp4"), ("/in/", "/1/"), ("jobs/", "jobs/../jobs/"), ("front.mp4", "%66ront.mp4x"),
                         ("front.mp4", "..%2f..%2f..%2fserver.key"), ("front.mp4", "front.mp4%00"), ("jobs/", "/jobs/")):
            with self.subTest(new):
                self.assertIn(self.d.get(self.get_url.replace(old, new)).status, (400, 403))

    def test_head_and_ranges_of_a_get_url(self):
        head = self.d.request("HEAD", self.get_url)
        self.assertEqual((head.status, int(head.headers["Content-Length"])), (200, 4000))
        self.assertEqual(self.d.get(self.get_url, Range="bytes=0-11").body[4:8], b"ftyp")

    def test_put_over_its_limit(self):
        before = self.d.files("blobs")
        limit = self.attempt.order["outputs"]["overlay_front.mp4"]["max_bytes"]
        with self.d.connect() as c:
            path = self.put_url[len(self.d.url):]
            c.head("PUT", path, self.d.headers(None, {"Content-Length": str(limit + 1)}))
            self.refused(c.answer("PUT"), 413)
        self.assertEqual(self.d.files("blobs"), before)

    def test_put_whole_or_not_at_all(self):
        before = self.d.files("blobs")
        url = self.attempt.order["outputs"]["overlay_side.mp4"]["url"]
        c = self.d.connect()
        c.head("PUT", url[len(self.d.url):], self.d.headers(None, {"Content-Length": "1000"}))
        c.send(b"x" * 500)
        c.reset()
        wait_until(lambda: self.d.files("blobs") == before, lambda: f"the half to go: {self.d.files('blobs')}")
        self.assertEqual(self.d.request("PUT", url, body=b"whole").status, 201)
        self.assertEqual(self.d.request("PUT", url, body=b"whole").status, 201)
        self.refused(self.d.request("PUT", url, body=b"other"), 409)
        self.refused(self.d.request("PUT", url, body=b""), 409)

    def test_nothing_is_written_for_an_attempt_that_is_over(self):
        attempt = self.new()
        url = attempt.order["outputs"]["overlay_front.mp4"]["url"]
        late = self.d.connect()
        late.head("PUT", url[len(self.d.url):], self.d.headers(None, {"Content-Length": "1000"}))
        late.send(b"x" * 500)
        wait_until(lambda: [f for f in self.d.files("blobs") if "/jobs/" not in f"/{f}"], "the half in the store")
        self.over(attempt)
        self.d.wait_job(attempt.job, "cancelled")
        self.refused(self.d.request("PUT", url, body=b"too late"), 409, "over")
        self.assertEqual(self.d.request("DELETE", f"/api/v1/jobs/{attempt.job}", self.ann).status, 204)
        late.send(b"x" * 500)
        self.refused(late.answer("PUT"), 409)
        late.close()
        self.refused(self.d.request("PUT", url, body=b"too late"), 409)
        wait_until(lambda: not [f for f in self.d.files("blobs") if attempt.job in f or "/jobs/" not in f"/{f}"],
                   lambda: f"nothing left: {self.d.files('blobs')}")

    def test_no_secret_is_logged(self):
        signature = urllib.parse.urlsplit(self.get_url).query.split("signature=")[1]
        self.d.get(self.get_url)
        for secret in (signature, self.attempt.token, self.ann):
            self.assertNotIn(secret, self.d.stderr())


class LostAndFound(unittest.TestCase):
    def test_an_attempt_that_vanishes_is_tried_again(self):
        with Gaitd("parked", {"queue.max_attempts": "2"}) as d:
            token = d.person()
            job = d.new_job(token)
            d.attempt(job).checkin()
            d.wait_job(job, "processing", "running")
            d.end_attempts()
            second = d.attempt(job, 2)
            self.assertEqual(second.checkin().status, 200)
            self.assertEqual(second.complete().status, 200)
            shown = d.get(f"/api/v1/jobs/{job}", token).json
            self.assertEqual({a["n"]: a["outcome"] for a in shown["attempts"]}, {1: "lost", 2: "complete"})

    def test_walltime(self):
        with Gaitd(settings={"cluster.walltime": "10s", "queue.max_attempts": "1"}) as d:
            token = d.person()
            job = d.new_job(token, front=video("gate"))
            d.wait_job(job, "inference_error")
            shown = d.get(f"/api/v1/jobs/{job}", token).json
            self.assertRegex(shown["error"]["text"], "longer than it is allowed|took too long")
            wait_until(lambda: not d.attempt_processes(), "the engine's end")

    def test_attempts_outlive_a_restart(self):
        with Gaitd(settings={"http.listen": "127.0.0.1:0"}) as d:
            token = d.person()
            d.settings["http.listen"] = f"127.0.0.1:{d.port}"
            job = d.new_job(token, front=video("gate"))
            wait_until(lambda: d.engine_runs(), "the engine")
            d.restart()
            d.open_gate()
            d.wait_job(job, "complete")
            self.assertEqual(d.engine_runs(), ["run front.mp4 behave:gate", "run side.mp4 behave:ok"])


class Relayed(unittest.TestCase):
    """Nodes that reach neither gaitd nor the store: the job runs without any network."""

    def test_whole_way_without_a_network(self):
        if subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("this user may not take a network away (unshare -n)")
        house = Gaitd(settings={"cluster.transfer": "relay"})
        house.settings["cluster.script_path"] = house.script(
            "cut", f'#!/bin/bash\nexec unshare -n bash {SOURCE}/pbs/gait-job.pbs "$@"\n')
        with house as d:
            token, staff = d.person(), d.person("staff@example.org", "staff")
            job = d.new_job(token, front=video("gate"), side=video(size=3_000_000, seed="big"))
            with d.events(token, job) as events:
                seen = events.until(lambda e: e["event"] == "progress" and e["data"]["step"] == "pose_front")
                self.assertIn("running", [e["data"]["phase"] for e in seen])
                d.open_gate()
                d.wait_job(job, "complete")
            shown = d.get(f"/api/v1/jobs/{job}", staff).json
            self.assertTrue(shown["attempts"][0]["relay"])
            self.assertEqual({f["name"] for f in shown["files"]},
                             {"result.json", "overlay_front.mp4", "overlay_side.mp4", "keypoints_front.tar.gz",
                              "keypoints_side.tar.gz", "parameters.csv", "report.pdf"})
            overlay = d.get(f"/api/v1/jobs/{job}/files/overlay_side.mp4", token).body
            self.assertTrue(overlay.endswith(video(size=3_000_000, seed="big")))
            wait_until(lambda: not [f for f in d.files("attempts") if ".slot" not in f and ".turn" not in f], lambda: f"nothing on the cluster: {d.files('attempts')}")
            self.assertEqual(d.files("spool"), [])
            self.assertEqual(d.engine_runs(), ["run front.mp4 behave:gate", "run side.mp4 behave:ok"])

    def test_cancelled_and_failed(self):
        with Gaitd(settings={"cluster.transfer": "relay"}) as d:
            token = d.person()
            job = d.new_job(token, front=video("exit3"))
            d.wait_job(job, "inference_error")
            self.assertEqual(d.get(f"/api/v1/jobs/{job}", token).json["error"]["kind"], "no_person")
            job = d.new_job(token, front=video("gate", seed="another"))
            wait_until(lambda: len(d.engine_runs()) == 2, "the engine")
            self.assertEqual(d.request("POST", f"/api/v1/jobs/{job}/cancel", token).status, 202)
            d.wait_job(job, "cancelled")
            wait_until(lambda: not d.attempt_processes(), "the engine's end")
            wait_until(lambda: not [f for f in d.files("attempts") if ".slot" not in f and ".turn" not in f],
                       lambda: f"nothing on the cluster: {d.files('attempts')}")


class Turns(unittest.TestCase):
    def test_one_with_many_does_not_keep_others_waiting(self):
        with Gaitd(settings={"cluster.max_in_flight": "1"}) as d:
            ann, bob = d.person(), d.person("bob@example.org")
            first = d.new_job(ann, front=video("gate"))
            wait_until(lambda: d.engine_runs(), "the engine")
            anns = [d.new_job(ann, front=video(seed=f"a{i}")) for i in range(4)]
            bobs = [d.new_job(bob, front=video(seed=f"b{i}")) for i in range(2)]

            def place(job, token):
                return d.get(f"/api/v1/jobs/{job}", token).json["queue"]["position"]
            self.assertEqual([place(j, bob) for j in bobs], [0, 2])
            self.assertEqual([place(j, ann) for j in anns], [1, 3, 4, 5])
            table = d.ctl("jobs", "list")
            self.assertIn("PLACE", table)
            self.assertIn("place in the queue: 3", d.ctl("jobs", "show", bobs[1]))
            self.assertEqual(d.ctl_json("jobs", "show", bobs[1])["queue"], {"position": 2, "estimated_wait_s": None})
            d.open_gate()
            for job in (first, *anns, *bobs):
                d.wait_job(job, "complete")
            order = [r["job"] for r in d.rows("SELECT job FROM attempts ORDER BY created_ms")]
            self.assertEqual(order, [first, bobs[0], anns[0], bobs[1], *anns[1:]])
            # From here on it is known how long one takes.
            gate = d.new_job(ann, front=video("gate", seed="g"))
            waiting = d.new_job(ann, front=video(seed="w"))
            self.assertGreaterEqual(d.get(f"/api/v1/jobs/{waiting}", ann).json["queue"]["estimated_wait_s"], 0)
            d.open_gate()
            d.wait_job(gate, "complete"), d.wait_job(waiting, "complete")


if __name__ == "__main__":
    main()
