"""Uploads that are refused leave no file and no row; what is accepted is accepted once."""

import hashlib
import socket
import threading
import unittest

from apitest import ApiTest, main
from gaitd import FIELDS, Gaitd, Part, multipart, upload_parts, video, wait_until


class Refused(ApiTest):
    """Nothing that this class sends may leave a trace."""

    engines = "parked"
    settings = {"upload.max_video_bytes": "200KB", "upload.max_body_bytes": "500KB", "upload.max_field_bytes": "16KiB"}

    def tearDown(self):
        self.d.assert_untouched()
        wait_until(lambda: self.reserved() == 0, lambda: f"no reserved room: {self.reserved()}")

    def reserved(self):
        text = self.d.get("/metrics", self.staff).text
        return float(text.split("\ngaitd_upload_reserved_bytes ")[1].split("\n")[0])

    def send(self, parts, token=None, **form):
        return self.d.post_form("/api/v1/upload", parts, self.ann if token is None else token, **form)

    # --- fields

    def test_each_missing_field_is_named(self):
        for name in FIELDS:
            with self.subTest(name):
                self.refused(self.d.upload(self.ann, **{name: None}), 422, fields=[name])

    def test_each_missing_file_is_named(self):
        self.refused(self.d.upload(self.ann, front=False), 422, fields=["fileuploadfront"])
        self.refused(self.d.upload(self.ann, side=False), 422, fields=["fileuploadside"])
        self.refused(self.d.upload(self.ann, front=False, side=False), 422, fields=["fileuploadfront", "fileuploadside"])

    def test_nothing_at_all(self):
        answer = self.refused(self.send([]), 422)
        self.assertEqual(set(answer.fields), {"age", "sex", "height", "weight", "fileuploadfront", "fileuploadside"})

    def test_unknown_field_is_refused_by_name(self):
        self.refused(self.d.upload(self.ann, shoe="42"), 422, fields=["shoe"])
        self.refused(self.send(upload_parts() + [Part("thirdvideo", video(), "x.mp4")]), 422, fields=["thirdvideo"])

    def test_every_wrong_field_is_named_in_one_answer(self):
        wrong = {"age": "0", "sex": "X", "height": "172", "weight": "heavy", "ethnicity": "martian", "role": "king",
                 "email": "not an address", "subject": "Ann Smith", "result_by_email": "yes", "priority": "9000",
                 "subject_hint_front": "left", "subject_hint_side": "1;2", "notes": "n" * 2001, "authority": "nobody",
                 "walking_aid": "stick", "orthosis": "yes", "footwear": "42"}
        answer = self.refused(self.d.upload(self.ann, front=False, side=False, **wrong), 422)
        self.assertLessEqual(set(wrong) | {"fileuploadfront", "fileuploadside"}, set(answer.fields), answer)
        self.assertEqual({e["field"]: e["reason"] for e in answer.json["errors"]}["walking_aid"],
                         "must be one of none, cane, crutches, walker, hand_held, other")

    def test_values_at_their_limits(self):
        cases = [("age", v) for v in ("0", "116", "4.5", "-3", "", "forty", "40 years", "9" * 40)]
        cases += [("height", v) for v in ("172", "39cm", "251cm", "nan cm", "1e3cm", "cm", "", "5'12\"", "1,72m")]
        cases += [("weight", v) for v in ("0kg", "501kg", "0.5lb", "kg", "", "inf kg", "68 stone")]
        cases += [("sex", v) for v in ("f", "FM", "", "female")]
        cases += [("email", v) for v in ("bob@example.org", "ann@example.org, bob@example.org", "ann@example.org\r\nBcc: x@y.z")]
        cases += [("priority", v) for v in ("1", "11", "-11", "high")]
        cases += [("subject", v) for v in ("x" * 64, "a b", "../x", "é")]
        cases += [("subject_hint_front", v) for v in ("1", "1,2,3", "-1,2", "1e9,2", "nan,2")]
        for name, value in cases:
            with self.subTest(f"{name}={value[:30]}"):
                self.refused(self.d.upload(self.ann, **{name: value}), 422, fields=[name])

    def test_age_twice_in_two_units(self):
        self.refused(self.d.upload(self.ann, age_months="480"), 422, fields=["age"])

    def test_text_that_is_none(self):
        for value in (b"\xff\xfe", b"a\0b", b"bell\x07", b"\xc0\xaf", b"\xed\xa0\x80"):
            with self.subTest(value):
                self.refused(self.send(upload_parts() + [Part("notes", value)]), 422, fields=["notes"])

    def test_same_field_twice(self):
        self.refused(self.send(upload_parts() + [Part("age", "41")]), 400, "twice")

    def test_text_over_its_limit(self):
        self.refused(self.send(upload_parts() + [Part("notes", "n" * 9000)]), 422, fields=["notes"])
        self.refused(self.send(upload_parts() + [Part("x" * 40, "n" * 20000)]), 413)
        self.refused(self.send([Part(f"field{i}", "x") for i in range(500)]), 413)

    # --- files

    def test_text_where_a_file_belongs_and_a_file_where_text_belongs(self):
        parts = upload_parts(front=False) + [Part("fileuploadfront", "not a file")]
        self.refused(self.send(parts), 422, fields=["fileuploadfront"])
        parts = upload_parts(age=None) + [Part("age", "40", "age.txt")]
        answer = self.refused(self.send(parts), 422)
        self.assertIn("must be text", answer.fields["age"])

    def test_not_a_video(self):
        for name, data in (("text", b"hello " * 100), ("picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 200),
                           ("heic", b"\0\0\0\x18ftypheic" + b"\0" * 200), ("elf", b"\x7fELF" + b"\1" * 500),
                           ("matroska's mark alone", b"\x1a\x45\xdf\xa3" + b"\0" * 300), ("short", b"\0\0\0\x18ft")):
            with self.subTest(name):
                self.refused(self.d.upload(self.ann, side=data), 415, "fileuploadside")
                self.refused(self.d.upload(self.ann, front=data), 415, "fileuploadfront")

    def test_empty_file(self):
        self.refused(self.d.upload(self.ann, front=b""), 415, "empty")

    def test_file_input_left_empty_by_a_browser(self):
        parts = upload_parts(side=False) + [Part("fileuploadside", b"", "", "application/octet-stream")]
        answer = self.send(parts)
        self.assertIn(answer.status, (415, 422), answer)
        self.assertIn("fileuploadside", answer.text)

    def test_the_same_file_twice(self):
        same = video(seed="same")
        answer = self.refused(self.d.upload(self.ann, front=same, side=same), 422, fields=["fileuploadside"])
        self.assertIn("same file", answer.fields["fileuploadside"])

    def test_one_view_sent_twice(self):
        self.refused(self.send(upload_parts() + [Part("fileuploadside", video(seed="again"), "b.mp4")]), 400, "twice")

    # --- size

    def test_video_over_its_limit(self):
        self.refused(self.d.upload(self.ann, front=video(size=200001)), 413, "fileuploadfront")

    def test_body_over_its_limit_by_content_length(self):
        with self.d.connect() as c:
            c.head("POST", "/api/v1/upload", self.d.headers(self.ann, {
                "Content-Type": "multipart/form-data; boundary=x", "Content-Length": "600000000"}))
            self.refused(c.answer(), 413, "600000000", "500000")

    def test_body_over_its_limit_by_chunks(self):
        with self.d.connect() as c:
            c.head("POST", "/api/v1/upload", self.d.headers(self.ann, {
                "Content-Type": "multipart/form-data; boundary=x", "Transfer-Encoding": "chunked"}))
            chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
            start = b'--x\r\nContent-Disposition: form-data; name="fileuploadfront"; filename="a"\r\n\r\n' + video(size=1000)
            c.send(b"%x\r\n" % len(start) + start + b"\r\n")
            for _ in range(10):
                c.send(chunk)
            self.refused(c.answer(), 413)  # though the body never ends

    # --- framing

    def test_body_that_ends_early(self):
        body, kind = multipart(upload_parts())
        for cut in (10, len(body) // 2, len(body) - 3):
            with self.subTest(cut):
                answer = self.d.request("POST", "/api/v1/upload", self.ann, body=body[:cut], headers={"Content-Type": kind})
                self.refused(answer, 400)

    def test_no_final_boundary(self):
        self.refused(self.send(upload_parts(), end=False), 400, "last boundary")

    def test_client_gone_mid_way(self):
        body, kind = multipart(upload_parts())
        for leave in ("reset", "close"):
            with self.subTest(leave):
                c = self.d.connect()
                c.head("POST", "/api/v1/upload", self.d.headers(self.ann, {
                    "Content-Type": kind, "Content-Length": str(len(body))}))
                c.send(body[:len(body) // 2])
                wait_until(lambda: self.d.files("spool"), "the first half in the spool")
                getattr(c, leave)()
                self.d.assert_untouched()

    def test_bodies_that_are_no_form(self):
        for kind, status in (("application/json", 415), ("multipart/mixed; boundary=x", 415), ("multipart/form-data", 400),
                             ("multipart/form-data; boundary=", 400), ("multipart/form-data; boundary=" + "x" * 71, 400),
                             ("text/plain", 415)):
            with self.subTest(kind):
                self.refused(self.d.request("POST", "/api/v1/upload", self.ann, body=b"--x--\r\n",
                                            headers={"Content-Type": kind}), status)
        self.refused(self.d.request("POST", "/api/v1/upload", self.ann, body=b"--x--\r\n"), 415)

    def test_hostile_parts(self):
        good = upload_parts()
        nested = Part("", b"--y\r\n\r\n--y--", headers=[
            'Content-Disposition: form-data; name="fileuploadfront"', "Content-Type: multipart/mixed; boundary=y"])
        encoded = Part("", b"eA==", headers=['Content-Disposition: form-data; name="notes"', "Content-Transfer-Encoding: base64"])
        for name, part in (("nested", nested), ("encoded", encoded), ("no header", Part("", b"x", headers=[])),
                           ("no name", Part("", b"x", headers=["Content-Disposition: form-data"])),
                           ("no quote", Part("", b"x", headers=['Content-Disposition: form-data; name="x']))):
            with self.subTest(name):
                self.refused(self.send(good + [part]), 400)

    # --- credentials

    def test_without_or_with_wrong_credentials(self):
        expired = self.d.add_token("ann@example.org", "expired", days=1)
        self.expire(expired)
        revoked = self.d.ctl_json("tokens", "add", "ann@example.org", "--name", "revoked")
        self.d.ctl("tokens", "revoke", revoked["id"])
        for name, token in (("none", ""), ("made up", "gt_" + "A" * 43), ("no token", "x"), ("expired", expired),
                            ("revoked", revoked["token"]), ("cut", self.ann[:-1]), ("longer", self.ann + "A")):
            with self.subTest(name):
                self.refused(self.send(upload_parts(), token=token), 401)

    def expire(self, token):
        """Set back by hand: no test waits for a day."""
        changed = self.d.write("UPDATE tokens SET expires_ms = 1 WHERE sha256 = ?", hashlib.sha256(token.encode()).digest())
        self.assertEqual(changed, 1)

    def test_from_another_site(self):
        for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            with self.subTest(header):
                self.refused(self.d.upload(self.ann, headers=header), 403, "another site")

    # --- before the body

    def test_refused_before_the_body_is_read(self):
        good = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "400000", "Expect": "100-continue"}
        for name, changes, token, status in (
                ("no credentials", {}, "", 401), ("too large", {"Content-Length": "600000000"}, self.ann, 413),
                ("no form", {"Content-Type": "text/plain"}, self.ann, 415),
                ("key", {"Idempotency-Key": "with a blank"}, self.ann, 400),
                ("key's length", {"Idempotency-Key": "k" * 129}, self.ann, 400)):
            for expect in (True, False):
                with self.subTest(f"{name}, expect {expect}"):
                    headers = {k: v for k, v in {**good, **changes}.items() if expect or k != "Expect"}
                    with self.d.connect(10) as c:
                        c.head("POST", "/api/v1/upload", self.d.headers(token, headers))
                        self.refused(c.answer(), status)

    def test_continue_is_said_to_a_good_one(self):
        with self.d.connect() as c:
            c.head("POST", "/api/v1/upload", self.d.headers(self.ann, {
                "Content-Type": "multipart/form-data; boundary=x", "Content-Length": "7", "Expect": "100-continue"}))
            line = c.sock.recv(12)
            self.assertEqual(line, b"HTTP/1.1 100")
            c.send(b"--x--\r\n")
            while not line.endswith(b"\r\n\r\n"):
                line += c.sock.recv(1)
            self.refused(c.answer(), 422)


class DiskFull(unittest.TestCase):
    def start_with(self, d, fault):
        """The first of the fault's places that is behind the start itself."""
        for n in range(1, 20):
            try:
                return d.start({"GAITD_FAULT_FAIL": f"{fault}:{n}+"})
            except AssertionError:
                self.assertIn(d.code, (73, 74), d.stderr())
        self.fail(f"gaitd does not start with {fault}")

    def refused_and_gone(self, fault, settings=None):
        with Gaitd("parked", settings) as d:
            token = d.person()
            if fault:
                d.stop()
                self.start_with(d, fault)
            answer = d.upload(token)
            self.assertEqual(answer.status, 503, answer)
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            self.assertNotIn(str(d.data), answer.text)
            d.assert_untouched()

    def test_no_room_for_the_upload(self):
        self.refused_and_gone("intake.room")

    def test_less_than_the_room_to_leave_free(self):
        self.refused_and_gone(None, {"upload.min_free_bytes": "100TB"})

    def test_disk_full_while_it_is_written(self):
        self.refused_and_gone("fsx.write")

    def test_fsync_that_fails_is_final(self):
        self.refused_and_gone("fsx.fsync")


class Start(unittest.TestCase):
    def test_upload_before_it_is_ready(self):
        """While the spool of an earlier run is looked through, the port is open and uploads are put off."""
        with Gaitd("parked") as d:
            token = d.person()
            d.stop()
            for i in range(20000):
                (d.data / "spool" / f"01m80egremq45n0ja0qm{i:06d}-front").touch()
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                d.host, d.port = s.getsockname()
            d.settings["http.listen"] = f"127.0.0.1:{d.port}"
            d.spawn()

            def answered():
                try:
                    return d.upload(token)
                except ConnectionError:
                    return None
            answer = wait_until(answered, lambda: f"an answer: {d.stderr()}", every=0.001)
            self.assertFalse(d.ready_file.exists(), "it was ready too soon for this test")
            self.assertEqual(answer.status, 503, answer)
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            wait_until(d.ready_file.exists, lambda: f"gaitd is not ready:\n{d.stderr()[-2000:]}")
            self.assertEqual(d.files("spool"), [])
            self.assertEqual(d.upload(token).status, 202)


class Accepted(ApiTest):
    engines = "parked"
    settings = {"cluster.max_in_flight": "1"}

    def test_every_form_of_every_field(self):
        good = [{"age": None, "age_months": "12"}, {"age": "115"}, {"height": "5'7\""}, {"height": "5ft 7in"}, {"height": "1.72m"},
                {"height": "40cm"}, {"height": "250 cm"}, {"weight": "150lb"}, {"weight": "150"}, {"weight": "1kg"},
                {"sex": "O"}, {"ethnicity": "undisclosed"}, {"email": "Ann@Example.org"}, {"role": "parent"}, {"priority": "-10"},
                {"result_by_email": "link"}, {"notes": "hinkt seit März — läuft „schief“"}, {"subject": "P-0001"},
                {"subject_hint_front": "12.5,30", "subject_hint_side": "0,0"}, {"authority": ""},
                {"walking_aid": "hand_held", "orthosis": "both", "footwear": "barefoot"}, {"walking_aid": "", "orthosis": "none"}]
        for fields in good:
            with self.subTest(fields):
                answer = self.d.upload(self.ann, **fields)
                self.assertEqual(answer.status, 202, answer)
        row = self.d.job_row(self.d.new_job(self.ann, age="7", height="5'7\"", weight="150", notes="a\r\nb"))
        self.assertEqual((row["age_months"], row["height_cm"], row["notes"]), (84, 170.18, "a\r\nb"))
        self.assertAlmostEqual(row["weight_kg"], 68.0388555)
        self.assertEqual((row["walking_aid"], row["orthosis"], row["footwear"]), (None, None, None))
        row = self.d.job_row(self.d.new_job(self.ann, walking_aid="walker", orthosis="left", footwear="shoes"))
        self.assertEqual((row["walking_aid"], row["orthosis"], row["footwear"]), ("walker", "left", "shoes"))

    def test_files_before_fields_and_preamble(self):
        body, kind = multipart(list(reversed(upload_parts())))
        answer = self.d.request("POST", "/api/v1/upload", self.ann, body=b"preamble\r\n" + body + b"epilogue",
                                headers={"Content-Type": kind})
        self.assertEqual(answer.status, 202, answer)

    def test_containers_by_content(self):
        mkv = b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska" + b"\0" * 400
        webm = b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm" + b"\0" * 400
        avi = b"RIFF\0\1\0\0AVI LIST" + b"\0" * 400
        mov = b"\0\0\0\x14ftypqt  " + b"\0" * 400
        for front, side, kinds in ((mkv, avi, ["mkv", "avi"]), (mov, webm, ["mp4", "mkv"])):
            job = self.d.new_job(self.ann, front=front, side=side)
            rows = self.d.rows("SELECT container FROM videos WHERE job = ? ORDER BY view", job)
            self.assertEqual([r["container"] for r in rows], kinds)

    def test_chunked(self):
        body, kind = multipart(upload_parts(subject="chunked"))
        with self.d.connect() as c:
            c.head("POST", "/api/v1/upload", self.d.headers(self.ann, {"Content-Type": kind, "Transfer-Encoding": "chunked"}))
            for at in range(0, len(body), 777):
                piece = body[at:at + 777]
                c.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
            c.send(b"0\r\n\r\n")
            self.assertEqual(c.answer().status, 202)

    def test_ids_sort_by_time_and_ordinals_count(self):
        bob = self.d.person("bob@example.org")
        jobs = [self.d.upload(bob).json for _ in range(3)]
        self.assertEqual([j["ordinal"] for j in jobs], [1, 2, 3])
        self.assertEqual(sorted(j["id"] for j in jobs), [j["id"] for j in jobs])
        self.assertEqual(self.d.get("/api/v1/jobs/2", bob).json["id"], jobs[1]["id"])

    def test_staff_may_name_an_address_and_a_priority(self):
        answer = self.d.upload(self.staff, email="someone@example.org", priority="5")
        self.assertEqual(answer.status, 202, answer)

    def test_stored_as_sent(self):
        front = video(size=300000, seed="checksum")
        job = self.d.new_job(self.ann, front=front)
        row = self.d.rows("SELECT * FROM videos WHERE job = ? AND view = 'front'", job)[0]
        self.assertEqual((row["bytes"], row["sha256"]), (len(front), hashlib.sha256(front).digest()))


class Idempotency(ApiTest):
    engines = "parked"

    def test_repeated_with_the_same_and_with_another_body(self):
        key = {"Idempotency-Key": "order-1"}
        first = self.d.upload(self.ann, headers=key)
        self.assertEqual(first.status, 202)
        jobs, spool = self.d.count("jobs"), self.d.count("videos")
        again = self.d.upload(self.ann, headers=key)
        self.assertEqual((again.status, again.json["id"]), (202, first.json["id"]))
        self.assertEqual(again.headers["Location"], first.headers["Location"])
        self.refused(self.d.upload(self.ann, headers=key, age="41"), 422, "Idempotency-Key")
        self.refused(self.d.upload(self.ann, headers=key, front=video(seed="other")), 422)
        self.assertEqual((self.d.count("jobs"), self.d.count("videos")), (jobs, spool))
        other = self.d.upload(self.staff, headers=key)
        self.assertNotEqual(other.json["id"], first.json["id"])

    def test_survives_a_restart_and_a_changed_job(self):
        key = {"Idempotency-Key": "order-2"}
        first = self.d.upload(self.ann, headers=key).json["id"]
        self.d.restart()
        again = self.d.upload(self.ann, headers=key)
        self.assertEqual((again.status, again.json["id"]), (202, first))

    def test_several_at_once_make_one_job(self):
        key, before, ids = {"Idempotency-Key": "order-3"}, self.d.count("jobs"), []
        together = threading.Barrier(4)

        def one():
            together.wait(30)
            ids.append(self.d.upload(self.ann, headers=key).json["id"])
        threads = [threading.Thread(target=one) for _ in range(4)]
        [t.start() for t in threads]
        [t.join(60) for t in threads]
        self.assertEqual((len(ids), len(set(ids))), (4, 1))
        self.assertEqual(self.d.count("jobs"), before + 1)
        wait_until(lambda: not self.d.files("spool"), lambda: f"an empty spool: {self.d.files('spool')}")

    def test_a_refused_upload_keeps_no_key(self):
        key = {"Idempotency-Key": "order-4"}
        self.refused(self.d.upload(self.ann, headers=key, sex="X"), 422, fields=["sex"])
        self.assertEqual(self.d.upload(self.ann, headers=key).status, 202)


class OneAccount(ApiTest):
    engines = "parked"
    settings = {"upload.max_concurrent_per_user": "2"}

    def test_uploads_of_one_account_at_once(self):
        bob = self.d.person("bob@example.org")
        body, kind = multipart(upload_parts())
        held = []
        for _ in range(2):
            c = self.d.connect()
            c.head("POST", "/api/v1/upload", self.d.headers(self.ann, {"Content-Type": kind, "Content-Length": str(len(body))}))
            c.send(body[:-10])
            held.append(c)
        wait_until(lambda: len(self.d.files("spool")) == 4, lambda: f"two uploads: {self.d.files('spool')}")
        answer = self.refused(self.d.upload(self.ann), 429)
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual(self.d.upload(bob).status, 202)
        for c in held:
            c.send(body[-10:])
            self.assertEqual(c.answer().status, 202)
            c.close()
        self.assertEqual(self.d.upload(self.staff).status, 202)


class Queue(ApiTest):
    engines = "parked"
    settings = {"queue.refuse_above": "3", "cluster.max_in_flight": "1"}

    def test_queue_that_is_full(self):
        for _ in range(12):
            answer = self.d.upload(self.staff)
            if answer.status != 202:
                break
        self.assertGreaterEqual(int(self.refused(answer, 503).headers["Retry-After"]), 1)
        self.assertGreaterEqual(self.d.rows("SELECT count(*) AS n FROM jobs WHERE state = 'queued'")[0]["n"], 3)


if __name__ == "__main__":
    main()
