"""POST /api/v1/analyses: key points in, result.json out, by a real gaitd and its real child."""

import concurrent.futures
import fcntl
import json
import os
import pathlib
import random
import signal
import struct
import termios
import time
import unittest

import jsonschema
import keypoints
from processes import children
from apitest import ApiTest, main
from gaitd import BIN, SOURCE, Gaitd, Part, wait_until

PATH = "/api/v1/analyses"
MODEL = {"model.dir": SOURCE / "models" / "demonstration", "model.allow_demonstration": "yes"}
FRONT, SIDE = keypoints.document("front"), keypoints.document("side")
PATIENT = {"height": "170cm", "age": 40, "sex": "F"}


READY = r"printf 'GSF1\001\000\000\000'; head -c 28 /dev/zero"  # what a child says when its model is loaded


def as_file(name, value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Part(name, data, f"{name}.json", "application/json")


class AnalysesTest(ApiTest):
    engines = "parked"
    settings = MODEL

    def form(self, *parts, token=None, **fields):
        return self.d.post_form(PATH, [*parts, *(Part(k, v) for k, v in fields.items())], token or self.ann)

    def body(self, value, token=None, **more):
        if isinstance(value, bytes):
            return self.d.request("POST", PATH, token or self.ann, body=value,
                                  headers={"Content-Type": "application/json", **more})
        return self.d.request("POST", PATH, token or self.ann, json_body=value, headers=more)

    def measured(self, answer, cadence=110):
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers.get_content_type(), "application/json")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        result = answer.json
        self.assertAlmostEqual(result["parameters"]["cadence"]["value"], cadence, delta=1.5)
        return result

    def children(self):
        """The scorers of gaitd: [pid]."""
        return [pid for pid in children(self.d.process.pid)
                if b"--serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]

    def child(self):
        pids = self.children()
        self.assertEqual(len(pids), 1)
        return pids[0]

    def worker(self):
        """The process that waits for the next request: it reads stdin. Beside it the one after it waits for its turn at a
        pipe of its own, and the last one may still be on its way out."""
        def waiting():
            for pid in children(self.child()):
                try:
                    # "number arguments… stack counter" while it waits in a system call; read's first argument is the descriptor.
                    call = pathlib.Path(f"/proc/{pid}/syscall").read_text().split()
                    if call[1:2] == ["0x0"] and "pipe" in pathlib.Path(f"/proc/{pid}/wchan").read_text():
                        return pid
                except OSError:
                    pass
            return None
        return wait_until(waiting, "a worker")

    def events(self, name):
        return [line for line in map(self.event, self.d.stderr().splitlines()) if line.get("event") == name]

    @staticmethod
    def event(line):
        try:
            return json.loads(line)
        except ValueError:
            return {}

    @staticmethod
    def pending(pid):
        """Bytes in the pipe that is its stdin."""
        with open(f"/proc/{pid}/fd/0", "rb", buffering=0) as pipe:
            return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]

    def in_background(self, request):
        """The answer comes from .result() of what this returns."""
        return concurrent.futures.ThreadPoolExecutor(1).submit(request)


class Good(AnalysesTest):
    def test_a_form_and_a_body_give_the_same_result(self):
        form = self.measured(self.form(as_file("front", FRONT), as_file("side", SIDE), height="170cm", age="40", sex="F"))
        body = self.measured(self.body({"front": FRONT, "side": SIDE, "patient": PATIENT}))
        self.assertEqual(form, body)
        self.assertIsNotNone(form["parameters"]["speed"]["value"])
        self.assertEqual(form["inputs"]["front"]["frames"], 180)
        self.assertGreater(form["score"]["value"], 0)
        self.assertTrue(form["score"]["model"]["demonstration"])
        schema = json.loads((SOURCE / "schema" / "result.schema.json").read_text())
        jsonschema.validate(form, schema, cls=jsonschema.Draft202012Validator)

    def test_it_depends_on_the_key_points(self):
        for cadence in (95, 125):
            self.measured(self.body({"side": keypoints.document("side", cadence=cadence)}), cadence)

    def test_one_view_is_enough_and_facts_may_be_missing(self):
        result = self.measured(self.form(as_file("side", SIDE)))
        self.assertIsNone(result["inputs"]["front"])
        self.assertIsNone(result["score"]["value"])
        self.assertIn("age_unknown", [r["code"] for r in result["score"]["reasons"]])
        self.assertIsNone(result["parameters"]["speed"]["value"])
        self.measured(self.body({"front": FRONT, "side": None, "patient": None}))

    def test_ways_to_say_the_facts(self):
        one = self.measured(self.body({"side": SIDE, "patient": {"height": "170cm", "age": 40}}))
        for patient in ({"height_cm": 170, "age_months": 480}, {"height": "1.7m", "age": "40"}, {"height_cm": "170", "age": 40.0, "sex": ""}):
            with self.subTest(patient):
                self.assertEqual(self.measured(self.body({"side": SIDE, "patient": patient})), one)

    def test_frame_rate_from_the_request_where_the_document_has_none(self):
        bare = {k: v for k, v in SIDE.items() if k != "fps"}
        self.measured(self.form(as_file("side", bare), fps="30"))
        self.measured(self.body({"side": bare, "fps": 30}))
        self.measured(self.body({"side": bare, "fps": 15}), 55)
        self.refused(self.body({"side": bare}), 422, fields={"fps"})

    def test_nothing_is_kept(self):
        before = [self.d.count(t) for t in ("jobs", "events", "outbox", "videos")]
        files = {f: self.d.files(f) for f in ("spool", "blobs", "attempts", "mail")}
        self.measured(self.form(as_file("front", FRONT), as_file("side", SIDE), height="171.25cm", age="43", sex="M"))
        self.refused(self.form(as_file("side", SIDE), height="171.25cm", sex="X"), 422, fields={"sex"})
        self.assertEqual([self.d.count(t) for t in ("jobs", "events", "outbox", "videos")], before)
        self.assertEqual({f: self.d.files(f) for f in files}, files)
        self.assertNotIn("171.25", self.d.stderr())
        lines = self.events("analysis")
        self.assertEqual([line["outcome"] for line in lines[-2:]], ["measured", "refused"])
        user = self.d.rows("SELECT id FROM users WHERE email = 'ann@example.org'")[0]["id"]
        self.assertEqual(set(map(str, lines[-1].values())) & {user}, {user})

    def test_staff_and_nobody(self):
        self.measured(self.body({"side": SIDE}, self.staff))
        self.refused(self.d.request("POST", PATH, json_body={"side": SIDE}), 401)
        self.refused(self.d.request("POST", PATH, "gt_wrong", json_body={"side": SIDE}), 401)

    def test_a_kept_alive_connection(self):
        body = json.dumps({"side": SIDE}).encode()
        with self.d.connect() as c:  # which reading brought to the event loop
            c.head("GET", "/api/v1/jobs", self.d.headers(self.ann))
            self.assertEqual(c.answer("GET").status, 200)
            c.head("POST", PATH, self.d.headers(self.ann, {"Content-Type": "application/json", "Content-Length": str(len(body))}))
            c.send(body)
            self.measured(c.answer())

    def test_each_request_has_a_process_of_its_own(self):
        self.measured(self.body({"side": SIDE}))
        child, workers = self.child(), set()
        for _ in range(4):
            workers.add(self.worker())
            self.measured(self.body({"side": SIDE}))
        self.assertEqual((self.child(), len(workers)), (child, 4))


class Hostile(AnalysesTest):
    def still_works(self):
        self.measured(self.body({"front": FRONT, "side": SIDE, "patient": PATIENT}))

    def test_fields_of_a_form(self):
        side = as_file("side", SIDE)
        for parts, fields, named in (
                ([], {}, {"side"}), ([side], {"notes": "x"}, {"notes"}), ([side, as_file("back", SIDE)], {}, {"back"}),
                ([as_file("height", b"172cm"), side], {}, {"height"}), ([], {"side": "{}"}, {"side"}),
                ([as_file("side", b"")], {}, {"side"}), ([side], {"height": "172"}, {"height"}), ([side], {"height": "3m"}, {"height"}),
                ([side], {"age": "0"}, {"age"}), ([side], {"age_months": "11"}, {"age_months"}), ([side], {"age": "4", "age_months": "50"}, {"age"}),
                ([side], {"sex": "female"}, {"sex"}), ([side], {"fps": "1e9"}, {"fps"}), ([side], {"fps": "nan"}, {"fps"}),
                ([side], {"height": "1" * 100}, {"height"}), ([side], {"height": "1\0"}, {"height"}), ([side], {"video_sha256_side": "0" * 64}, {"video_sha256_side"}),
                ([side], {"height": "x", "age": "x", "sex": "x"}, {"height", "age", "sex"}),
                ([as_file("front", b"x"), as_file("side", b"[1]")], {}, {"front", "side"})):
            with self.subTest(str(fields)[:60], named=named):
                self.refused(self.form(*parts, **fields), 422, fields=named)
        self.still_works()

    def test_members_of_a_body(self):
        for value, named in (({}, {"side"}), ({"front": None}, {"side"}), ({"side": SIDE, "x": 1}, {"x"}), ({"side": SIDE, "Patient": {}}, {"Patient"}),
                             ({"side": SIDE, "patient": {"name": "Ann"}}, {"patient.name"}), ({"side": SIDE, "patient": []}, {"patient"}),
                             ({"side": SIDE, "patient": {"age": {}}}, {"patient.age"}), ({"side": SIDE, "patient": {"age": True}}, {"patient.age"}),
                             ({"side": SIDE, "patient": {"video_sha256_side": "0" * 64}}, {"patient.video_sha256_side"}),
                             ({"side": SIDE, "patient": {"height": 170}}, {"patient.height"}), ({"side": SIDE, "fps": "x"}, {"fps"}),
                             ({"side": SIDE, "patient": {"height": "x", "age": -1}}, {"patient.height", "patient.age"}),
                             ({"side": 5}, {"side"}), ({"side": "x", "front": {"frames": 5}}, {"side", "front"})):
            with self.subTest(str(value)[-60:]):
                self.refused(self.body(value), 422, fields=named)
        self.still_works()

    def test_key_points_that_cannot_be_used(self):
        short = json.loads(json.dumps(SIDE))
        short["frames"][17]["people"][0]["pose_keypoints_2d"].pop()
        far = json.loads(json.dumps(SIDE))
        far["frames"][3]["people"][0]["pose_keypoints_2d"][0] = 1e300
        for document in (short, far, {**SIDE, "frames": []}, {**SIDE, "fps": 0}, {**SIDE, "layout": "hand"}, {"frames": {}}, {}, [], [[]],
                         {**SIDE, "width": -1}):
            with self.subTest(str(document)[:50]):
                reason = self.refused(self.body({"side": document}), 422, fields={"side"}).fields["side"]
                self.assertGreater(len(reason), 5)
        self.assertIn("17", self.refused(self.body({"side": short}), 422).fields["side"])
        self.still_works()

    def test_bodies_that_are_no_request(self):
        for body in (b"{", b"}", b'{"side":', b'{"side":{}', b'{"side":{}}{}', b'{"side":{},"side":{}}', b'{"side\\u0000":{}}', b"\0" * 100,
                     b"[" * 100000, b'{"side":' + b"[" * 100000, b'{"side":"' + b"\\" * 99999, b"\xff" * 1000, b"GSF1" * 100):
            with self.subTest(body[:20]):
                self.refused(self.body(body), 400)
        for body in (b'{"side":{"frames":[{"people":' + b"[" * 9 + b"]" * 9 + b"}]}}", b'{"side":{"frames":[' + b"{}," * 200000 + b"{}]}}",
                     b'{"side":\xff}', b'{"side":{"fps":1e99999,"frames":[]}}', b'{"side":nul}', b'{"side":{]}}'):
            with self.subTest(body[:20]):
                self.assertIn(self.body(body).status, (400, 422))
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/mixed; boundary=x", ""):
            with self.subTest(kind):
                self.refused(self.d.request("POST", PATH, self.ann, body=b"{}", headers={"Content-Type": kind}), 415)
        self.still_works()

    def test_random_damage(self):
        good = json.dumps({"front": FRONT, "side": SIDE, "patient": PATIENT}).encode()
        seed = random.Random(20)
        for _ in range(60):
            body = bytearray(good[:seed.randrange(1, len(good))] if seed.random() < 0.3 else good)
            for _ in range(seed.randrange(1, 6)):
                body[seed.randrange(len(body))] = seed.choice(b'{}[]",:0-e\\\0\xff')
            self.assertIn(self.body(bytes(body)).status, (200, 400, 422))
        self.assertEqual(self.events("scorer.died"), [])
        self.still_works()

    def test_a_body_that_is_too_large(self):
        with self.d.connect() as c:  # refused on its headers
            c.head("POST", PATH, self.d.headers(self.ann, {"Content-Type": "application/json", "Content-Length": str(70 << 20), "Expect": "100-continue"}))
            self.refused(c.answer(), 413)
        with self.d.connect() as c:
            c.head("POST", PATH, self.d.headers(self.ann, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}))
            piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
            for _ in range(64):
                if not c.send(piece):
                    break
            self.refused(c.answer(), 413)
        self.still_works()


class Deaths(AnalysesTest):
    settings = {**MODEL, "analysis.deadline": "30s"}

    def setUp(self):
        self.measured(self.body({"side": SIDE}))

    def test_one_that_is_killed_between_requests_is_replaced(self):
        old = self.child()
        os.kill(old, signal.SIGKILL)
        self.measured(self.body({"side": SIDE}))
        self.assertNotEqual(self.child(), old)

    def test_one_that_is_killed_in_the_middle_is_replaced_and_asked_again(self):
        old, worker = self.child(), self.worker()
        died = len(self.events("scorer.died"))
        os.kill(worker, signal.SIGSTOP)
        answer = self.in_background(lambda: self.body({"front": FRONT, "side": SIDE}))
        # The stopped worker has the request before it, in its pipe.
        wait_until(lambda: self.pending(worker) > 1000, "the request")
        self.assertFalse(answer.done())
        os.kill(old, signal.SIGKILL)
        self.measured(answer.result(60))
        self.assertNotEqual(self.child(), old)
        self.assertEqual(len(self.events("scorer.died")), died + 1)
        wait_until(lambda: not pathlib.Path(f"/proc/{worker}").exists(), "the stopped worker's end")

    def test_a_worker_that_is_killed_alone(self):
        os.kill(self.worker(), signal.SIGKILL)
        self.measured(self.body({"side": SIDE}))

    def test_it_ends_with_gaitd(self):
        child, worker = self.child(), self.worker()
        self.d.stop()
        for pid in (child, worker):
            wait_until(lambda p=pid: not pathlib.Path(f"/proc/{p}").exists(), "its end")
        self.d.start()
        self.measured(self.body({"side": SIDE}))
        child = self.child()
        self.d.kill()
        wait_until(lambda: not pathlib.Path(f"/proc/{child}").exists(), "its end without gaitd")
        self.d.start()


class TooLong(AnalysesTest):
    settings = {**MODEL, "analysis.deadline": "1s"}

    def test_one_that_takes_too_long_is_ended_and_the_next_is_measured(self):
        self.measured(self.body({"side": SIDE}))
        child, worker = self.child(), self.worker()
        os.kill(worker, signal.SIGSTOP)
        begun = time.monotonic()
        self.refused(self.body({"side": SIDE}), 504)
        self.assertGreaterEqual(time.monotonic() - begun, 1)
        self.assertFalse(pathlib.Path(f"/proc/{child}").exists())
        wait_until(lambda: not pathlib.Path(f"/proc/{worker}").exists(), "the stopped worker's end")
        self.measured(self.body({"side": SIDE}))

    def test_who_waits_behind_it_is_told(self):
        self.measured(self.body({"side": SIDE}))
        os.kill(self.worker(), signal.SIGSTOP)
        both = [self.in_background(lambda: self.body({"side": SIDE})) for _ in range(3)]
        statuses = sorted(b.result(60).status for b in both)
        self.assertEqual(statuses[-1], 504, statuses)
        self.assertLessEqual(set(statuses), {200, 503, 504})
        self.measured(self.body({"side": SIDE}))


class Limits(AnalysesTest):
    settings = {**MODEL, "analysis.max_at_once": "3", "analysis.max_per_user": "2"}

    def begin(self, token):
        """A request whose body is on its way: (connection, what is left to send)."""
        body = json.dumps({"side": SIDE}).encode()
        c = self.d.connect()
        self.addCleanup(c.close)
        c.head("POST", PATH, self.d.headers(token, {"Content-Type": "application/json", "Content-Length": str(len(body)), "Expect": "100-continue"}))
        self.assertEqual(c.sock.recv(25), b"HTTP/1.1 100 Continue\r\n\r\n")
        c.send(body[:1000])
        return c, body[1000:]

    def test_limits_in_bursts_and_recovery(self):
        for _ in range(2):
            own = [self.begin(self.ann) for _ in range(2)]
            refused = [self.body({"side": SIDE}) for _ in range(5)]
            for answer in refused:
                self.refused(answer, 429, "2 analyses of this account")
                self.assertGreater(int(answer.headers["Retry-After"]), 0)
            other = self.begin(self.staff)
            answer = self.refused(self.body({"side": SIDE}, self.staff), 503)
            self.assertGreater(int(answer.headers["Retry-After"]), 0)
            own.pop()[0].reset()  # one goes away, the others end well
            for c, rest in [*own, other]:
                c.send(rest)
                self.measured(c.answer())
            wait_until(lambda: self.body({"side": SIDE}).status == 200, "recovery")

    def test_another_is_measured_beside_one_that_hangs(self):
        self.measured(self.body({"side": SIDE}))
        worker = self.worker()
        os.kill(worker, signal.SIGSTOP)
        hangs = self.in_background(lambda: self.body({"side": SIDE}))
        wait_until(lambda: self.pending(worker) > 1000, "the request")
        self.measured(self.body({"side": SIDE}, self.staff))
        self.assertEqual(len(self.children()), 2)
        self.assertFalse(hangs.done())
        os.kill(worker, signal.SIGCONT)
        self.measured(hangs.result(60))

    def test_many_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: self.body({"side": SIDE}), range(48)))
        for answer in answers:
            self.assertIn(answer.status, (200, 429, 503))
        self.assertIn(200, [a.status for a in answers])
        self.assertEqual(len({a.body for a in answers if a.status == 200}), 1)
        self.measured(self.body({"side": SIDE}))


class Models(unittest.TestCase):
    def result(self, d, token):
        answer = d.request("POST", PATH, token, json_body={"front": FRONT, "side": SIDE, "patient": PATIENT})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_without_a_model(self):
        with Gaitd("parked", {"model.dir": ""}) as d:
            result = self.result(d, d.person())
            self.assertIsNone(result["score"]["value"])
            self.assertIsNone(result["score"]["model"])
            self.assertEqual([r["code"] for r in result["score"]["reasons"]], ["no_model"])
            self.assertIsNotNone(result["parameters"]["speed"]["value"])

    def test_a_demonstration_that_may_not_speak(self):
        with Gaitd("parked", {**MODEL, "model.allow_demonstration": "no"}) as d:
            result = self.result(d, d.person())
            self.assertIsNone(result["score"]["value"])
            self.assertEqual([r["code"] for r in result["score"]["reasons"]], ["demonstration_not_allowed"])

    def log(self, d, event):
        return [line for line in map(AnalysesTest.event, d.stderr().splitlines()) if line.get("event") == event]

    def refused(self, d, token, status):
        answer = d.request("POST", PATH, token, json_body={"side": SIDE})
        self.assertEqual(answer.status, status, answer)
        self.assertNotIn("/", answer.json["detail"])  # no paths for users
        return answer

    def test_a_model_that_cannot_be_read(self):
        with Gaitd("parked", {**MODEL, "model.dir": "/"}) as d:
            token = d.person()
            begun = time.monotonic()
            while time.monotonic() - begun < 1:
                self.assertIn("Retry-After", self.refused(d, token, 503).headers)
            failed = self.log(d, "scorer.start_failed")
            self.assertIn("manifest.json", failed[0]["reason"])
            self.assertLessEqual(len(failed), 5)  # 0, 0.1, 0.3, 0.7, 1.5 s

    def test_a_program_that_is_none(self):
        with Gaitd("parked") as d:
            d.settings["analysis.path"] = d.script("broken", "#!/bin/sh\necho 'I have no library' >&2\nexit 127\n")
            d.restart()
            self.refused(d, d.person(), 503)
            self.assertIn("I have no library", self.log(d, "scorer.start_failed")[0]["reason"])

    def test_no_program(self):
        with Gaitd("parked", {"analysis.path": ""}) as d:
            self.refused(d, d.person(), 503)
            self.assertIn("analysis.path", self.log(d, "scorer.start_failed")[0]["reason"])

    def test_a_program_that_dies_of_every_request(self):
        with Gaitd("parked") as d:
            for last in ("echo ouch >&2; exit 9", "printf 'GSF1 but this is no frame of the protocol'; sleep 60", "kill -SEGV $$"):
                with self.subTest(last):
                    d.settings["analysis.path"] = d.script("dies", f"#!/bin/bash\n{READY}\nhead -c 100 >/dev/null\n{last}\n")
                    d.restart()
                    token = d.person(f"u{len(last)}@example.org")
                    self.refused(d, token, 500)
                    self.assertEqual(len(self.log(d, "scorer.started")), 2)
                    self.assertEqual(len(self.log(d, "scorer.died")), 2)
            d.settings["analysis.path"] = BIN / "gait-analyze"
            d.restart()
            self.result(d, token)


if __name__ == "__main__":
    main()
