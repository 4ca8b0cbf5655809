"""Resumable uploads: each MUST of the tus protocol 1.0.0 for a server, and what gaitd promises beyond it.

The headings follow the protocol's: core, creation, expiration, checksum, termination.
"""

import base64
import email.utils
import hashlib
import threading
import time
import unittest

import tus
from apitest import ApiTest, main
from gaitd import FIELDS, Gaitd, Part, video, wait_until
from tus import BYTES, UPLOADS, checksum, create, head, make_job, metadata, offset, patch, whole

LIMIT = 200_000


class TusTest(ApiTest):
    engines = "parked"
    settings = {"upload.max_video_bytes": "200KB", "upload.max_body_bytes": "500KB", "upload.max_field_bytes": "16KiB"}

    def setUp(self):
        self.data = video(size=9000)

    def tearDown(self):
        for row in self.d.rows("SELECT id FROM uploads"):
            self.d.write("UPDATE uploads SET expires_ms = 0 WHERE id = ?", row["id"])
        wait_until(lambda: self.d.count("uploads") == 0, "the reaper")

    def new(self, size=None, body=None, **headers):
        answer = create(self.d, self.ann, len(self.data) if size is None else size, body, **headers)
        self.assertEqual(answer.status, 201, answer)
        return answer.headers["Location"]

    def at(self, url):
        """Once a request that was broken off has written down what came of it."""
        answer = wait_until(lambda: (a := head(self.d, self.ann, url)).status != 423 and a, "the lock")
        self.assertEqual(answer.status, 200, answer)
        return offset(answer)

    def file(self, url):
        return self.d.data / "spool" / (url.split("/")[-1] + "-upload")

    def reserved(self):
        return float(self.d.get("/metrics", self.staff).text.split("\ngaitd_upload_reserved_bytes ")[1].split("\n")[0])

    def break_off(self, url, body, announced, **headers):
        """A PATCH whose connection goes away in its midst."""
        before = self.file(url).stat().st_size
        with self.d.connect() as c:
            c.head("PATCH", url, self.d.headers(self.ann, {
                "Tus-Resumable": "1.0.0", "Content-Type": BYTES, "Upload-Offset": str(self.at(url)),
                "Content-Length": str(announced), **headers}))
            c.send(body)
            # A reset throws away what the server has not read yet.
            wait_until(lambda: self.file(url).stat().st_size == before + len(body), "the bytes")
            c.reset()


class Core(TusTest):
    # HEAD

    def test_head_always_says_offset_and_length(self):
        url = self.new()
        for length in (0, 100, 8900):
            if length:
                self.assertEqual(patch(self.d, self.ann, url, self.at(url), self.data[self.at(url):][:length]).status, 204)
            answer = head(self.d, self.ann, url)
            self.assertEqual((answer.status, answer.headers["Upload-Length"]), (200, "9000"))
        self.assertEqual(offset(answer), 9000)

    def test_head_is_never_cached(self):
        self.assertEqual(head(self.d, self.ann, self.new()).headers["Cache-Control"], "no-store")

    def test_head_of_nothing_has_no_offset(self):
        answer = head(self.d, self.ann, f"{UPLOADS}/01m80egremq45n0ja0qmwbpy56")
        self.assertEqual((answer.status, answer.headers["Upload-Offset"]), (404, None))

    # PATCH

    def test_patch_needs_its_content_type(self):
        url = self.new()
        for kind in ("application/octet-stream", "video/mp4", None):
            with self.subTest(kind):
                self.refused(patch(self.d, self.ann, url, 0, b"x", Content_Type=kind), 415)
        self.assertEqual(self.at(url), 0)

    def test_patch_at_another_offset_changes_nothing(self):
        url = self.new(body=self.data[:1000])
        for wrong in (0, 999, 1001, 9000):
            with self.subTest(wrong):
                self.refused(patch(self.d, self.ann, url, wrong, self.data[wrong:wrong + 10]), 409)
        self.assertEqual(self.at(url), 1000)
        self.assertEqual(self.file(url).read_bytes(), self.data[:1000])

    def test_patch_offset_must_be_a_number(self):
        url = self.new()
        for wrong in (None, "-1", "x", "", "1.0", "9" * 30):
            with self.subTest(wrong):
                self.refused(patch(self.d, self.ann, url, wrong, b"x"), 400)

    def test_patch_is_acknowledged_by_204_and_the_sum(self):
        url, at = self.new(), 0
        for n in (1, 0, 62, 1, 4000, 4936):
            answer = patch(self.d, self.ann, url, at, self.data[at:at + n])
            at += n
            self.assertEqual((answer.status, offset(answer)), (204, at), answer)
        self.assertEqual(self.file(url).read_bytes(), self.data)
        row = self.d.rows("SELECT * FROM uploads")[0]
        self.assertEqual((row["sha256"], row["container"]), (hashlib.sha256(self.data).digest(), "mp4"))
        self.assertEqual(offset(patch(self.d, self.ann, url, 9000, b"")), 9000)

    def test_patch_of_nothing(self):
        self.refused(patch(self.d, self.ann, f"{UPLOADS}/01m80egremq45n0ja0qmwbpy56", 0, b"x"), 404)
        self.refused(patch(self.d, self.ann, f"{UPLOADS}/..%2f..%2fgaitd.sqlite", 0, b"x"), 404)

    def test_more_than_was_declared(self):
        url = self.new()
        self.refused(patch(self.d, self.ann, url, 0, self.data + b"x"), 413)
        self.assertEqual(self.at(url), 0)
        with self.d.connect() as c:  # chunked, so that only the bytes themselves show it
            c.head("PATCH", url, self.d.headers(self.ann, {"Tus-Resumable": "1.0.0", "Content-Type": BYTES,
                                                           "Upload-Offset": "0", "Transfer-Encoding": "chunked"}))
            for piece in (self.data, b"x"):
                c.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            c.send(b"0\r\n\r\n")
            self.refused(c.answer("PATCH"), 413)

    def test_what_came_before_a_break_is_kept(self):
        url = self.new()
        self.break_off(url, self.data[:3000], 9000)
        wait_until(lambda: self.at(url) == 3000, lambda: f"3000 bytes: {self.at(url)}")
        self.assertEqual(patch(self.d, self.ann, url, 3000, self.data[3000:]).status, 204)
        self.assertEqual(self.file(url).read_bytes(), self.data)

    def test_one_request_at_a_time(self):
        url = self.new()
        with self.d.connect() as c:
            c.head("PATCH", url, self.d.headers(self.ann, {"Tus-Resumable": "1.0.0", "Content-Type": BYTES,
                                                           "Upload-Offset": "0", "Content-Length": "9000"}))
            c.send(self.data[:100])
            wait_until(lambda: self.file(url).stat().st_size == 100, "the first bytes")
            self.refused(patch(self.d, self.ann, url, 0, self.data), 423)
            self.refused(tus.tus(self.d, "DELETE", url, self.ann), 423)
            answer = head(self.d, self.ann, url)  # what came is not settled: nobody shall go on from there
            self.assertEqual((answer.status, answer.headers["Upload-Offset"]), (423, None))
            self.assertEqual(head(self.d, self.d.person("ben@example.org"), url).status, 404)  # to others there is none
            c.send(self.data[100:])
            self.assertEqual(c.answer("PATCH").status, 204)
        self.assertEqual(self.at(url), 9000)

    def test_many_at_once_write_one_file(self):
        url, seen = self.new(), []

        def send():
            seen.append(patch(self.d, self.ann, url, 0, self.data).status)
        threads = [threading.Thread(target=send) for _ in range(3)]
        [t.start() for t in threads], [t.join() for t in threads]
        self.assertEqual(seen.count(204), 1, seen)
        self.assertLessEqual(set(seen), {204, 423, 409})
        self.assertEqual(self.file(url).read_bytes(), self.data)

    def test_on_a_kept_alive_connection(self):
        """A bearer's connection that began on the event loop: the same answers, and nothing waits for the disk there."""
        url = self.new()
        common = {"Tus-Resumable": "1.0.0", "Content-Type": BYTES}
        for at, n, whole_request in ((0, 3000, True), (3000, 500, False)):
            with self.d.connect() as c:
                c.head("GET", "/api/v1/jobs", self.d.headers(self.ann))
                self.assertEqual(c.answer("GET").status, 200)
                c.head("PATCH", url, self.d.headers(self.ann, {**common, "Upload-Offset": str(at),
                                                               "Content-Length": str(n if whole_request else n + 1)}))
                c.send(self.data[at:at + n])
                if whole_request:
                    answer = c.answer("PATCH")
                    self.assertEqual((answer.status, offset(answer), answer.headers["Connection"]), (204, 3000, "close"))
                else:
                    wait_until(lambda: self.file(url).stat().st_size == 3500, "the bytes")
                    c.reset()
        wait_until(lambda: self.file(url).stat().st_size == 3000, "the rest to be dropped")
        self.assertEqual(patch(self.d, self.ann, url, 3000, self.data[3000:]).status, 204)
        self.assertEqual(self.file(url).read_bytes(), self.data)

    # Tus-Resumable, Tus-Version

    def test_every_answer_says_its_version(self):
        url = self.new()
        answers = [tus.tus(self.d, *args) for args in (
            ("OPTIONS", UPLOADS), ("OPTIONS", url), ("HEAD", url, self.ann), ("HEAD", url), ("POST", UPLOADS),
            ("POST", UPLOADS, self.ann), ("GET", url, self.ann), ("PROPFIND", UPLOADS, self.ann), ("PATCH", url, self.ann),
            ("DELETE", url), ("DELETE", url, self.ann), ("DELETE", url, self.ann))]
        for answer in answers:
            self.assertEqual(answer.headers.get_all("Tus-Resumable"), ["1.0.0"], answer)
        self.assertEqual([a.status for a in answers], [204, 204, 200, 401, 401, 400, 405, 405, 415, 401, 204, 404])

    def test_another_version_is_412_and_nothing_is_done(self):
        url = self.new()
        for version in ("0.2.2", "1.0.1", "2.0.0", "", None):
            for method, path in (("POST", UPLOADS), ("PATCH", url), ("DELETE", url), ("HEAD", url)):
                with self.subTest(f"{method} {version}"):
                    answer = tus.tus(self.d, method, path, self.ann, b"" if method in ("POST", "PATCH") else None,
                                     version=version, Upload_Length=9000, Upload_Offset=0, Content_Type=BYTES)
                    self.assertEqual((answer.status, answer.headers["Tus-Version"]), (412, "1.0.0"), answer)
        self.assertEqual((self.d.count("uploads"), self.at(url)), (1, 0))

    # OPTIONS

    def test_options_tell_what_is_offered(self):
        for path in (UPLOADS, f"{UPLOADS}/x"):
            for version in (None, "0.1"):
                answer = tus.tus(self.d, "OPTIONS", path, version=version)
                self.assertEqual(answer.status, 204)
                self.assertEqual({k: answer.headers[k] for k in ("Tus-Version", "Tus-Extension", "Tus-Max-Size",
                                                                 "Tus-Checksum-Algorithm")},
                                 {"Tus-Version": "1.0.0", "Tus-Max-Size": str(LIMIT), "Tus-Checksum-Algorithm": "sha1,sha256",
                                  "Tus-Extension": "creation,creation-with-upload,checksum,expiration,termination"})

    # X-HTTP-Method-Override

    def test_the_override_is_the_method(self):
        url = self.new()
        for actual in ("POST", "GET", "PUT", "DELETE"):
            at = self.at(url)
            answer = tus.tus(self.d, actual, url, self.ann, self.data[at:at + 100], Upload_Offset=at, Content_Type=BYTES,
                             X_HTTP_Method_Override="PATCH")
            self.assertEqual((answer.status, offset(answer)), (204, at + 100), actual)
        self.assertEqual(offset(tus.tus(self.d, "POST", url, self.ann, X_HTTP_Method_Override="HEAD")), 400)
        self.refused(tus.tus(self.d, "POST", url, self.ann, X_HTTP_Method_Override="BREW"), 405)
        self.assertEqual(tus.tus(self.d, "POST", url, self.ann, X_HTTP_Method_Override="DELETE").status, 204)
        self.assertEqual(head(self.d, self.ann, url).status, 404)

    def test_the_override_is_no_way_around_the_origin(self):
        url = self.new()
        self.refused(tus.tus(self.d, "GET", url, self.ann, X_HTTP_Method_Override="DELETE", Sec_Fetch_Site="cross-site"), 403)
        self.assertEqual(self.at(url), 0)

    def test_the_override_means_nothing_elsewhere(self):
        self.assertEqual(self.d.get("/api/v1/jobs", self.ann, X_HTTP_Method_Override="DELETE").status, 200)


class Creation(TusTest):
    def test_created(self):
        answer = create(self.d, self.ann, 9000, Upload_Metadata=metadata(filename="a.mp4", view="side"))
        self.assertEqual(answer.status, 201)
        self.assertRegex(answer.headers["Location"], rf"^{UPLOADS}/[0-9a-z]{{26}}$")
        self.assertEqual(offset(answer), 0)
        self.assertEqual(self.d.rows("SELECT view FROM uploads")[0]["view"], "side")

    def test_length_must_be_a_number(self):
        for wrong in (None, "-1", "x", "", "1e3", "9" * 30):
            with self.subTest(wrong):
                self.refused(create(self.d, self.ann, wrong), 400)
        # creation-defer-length is not offered
        self.refused(create(self.d, self.ann, None, Upload_Defer_Length=1), 400)

    def test_longer_than_the_limit(self):
        self.refused(create(self.d, self.ann, LIMIT + 1), 413)
        self.new(LIMIT)

    def test_metadata_come_back_as_they_were_sent(self):
        for sent in (metadata(filename="Gang vorne.mp4", note=""), "filename ,x YQ==", "a,b"):
            with self.subTest(sent):
                url = self.new(Upload_Metadata=sent)
                self.assertEqual(head(self.d, self.ann, url).headers["Upload-Metadata"], sent)
        self.assertIsNone(head(self.d, self.ann, self.new()).headers["Upload-Metadata"])

    def test_metadata_that_are_none(self):
        for sent in ("", ",", "a YQ==,", "a YQ==,a Yg==", "a b c", "a YQ=", "a !!!!", "a YQ==,,b YQ==", "view eA==",
                     "a \xc3\xa9"):
            with self.subTest(sent):
                self.refused(create(self.d, self.ann, 9000, Upload_Metadata=sent), 400)
        self.refused(create(self.d, self.ann, 9000, Upload_Metadata="a " + "YWFh" * 600), 431)
        self.assertEqual(self.d.count("uploads"), 0)

    def test_with_upload(self):
        answer = create(self.d, self.ann, 9000, self.data[:500])
        self.assertEqual((answer.status, offset(answer)), (201, 500))
        url = answer.headers["Location"]
        self.assertEqual(patch(self.d, self.ann, url, 500, self.data[500:]).status, 204)
        self.assertEqual(self.file(url).read_bytes(), self.data)
        self.assertEqual(self.file(whole(self.d, self.ann, self.data)).read_bytes(), self.data)

    def test_with_upload_is_judged_like_a_patch(self):
        self.refused(create(self.d, self.ann, 9000, self.data, Content_Type="video/mp4"), 415)
        self.refused(create(self.d, self.ann, 100, self.data), 413)
        self.refused(create(self.d, self.ann, 9000, b"GIF89a" * 100), 415)
        self.refused(create(self.d, self.ann, 9000, self.data, Upload_Checksum=checksum(b"x")), 460)
        self.assertEqual(create(self.d, self.ann, 9000, self.data, Upload_Checksum=checksum(self.data)).status, 201)
        self.assertEqual((self.d.count("uploads"), len(self.d.files("spool"))), (1, 1))

    def test_a_creation_that_is_broken_off_leaves_nothing(self):
        with self.d.connect() as c:
            c.head("POST", UPLOADS, self.d.headers(self.ann, {"Tus-Resumable": "1.0.0", "Content-Type": BYTES,
                                                              "Upload-Length": "9000", "Content-Length": "9000"}))
            c.send(self.data[:5000])
            wait_until(lambda: self.d.files("spool"), "the file")
            c.reset()
        self.d.assert_untouched()
        wait_until(lambda: self.reserved() == 0, lambda: f"{self.reserved()} bytes reserved")

    def test_nobody_creates(self):
        self.refused(create(self.d, None, 9000), 401)


class Expiration(TusTest):
    def test_every_answer_says_when(self):
        answer = create(self.d, self.ann, 9000)
        url = answer.headers["Location"]
        for a in (answer, patch(self.d, self.ann, url, 0, b""), patch(self.d, self.ann, url, 0, self.data[:10]),
                  head(self.d, self.ann, url)):
            when = email.utils.parsedate_to_datetime(a.headers["Upload-Expires"]).timestamp()
            self.assertAlmostEqual(when - time.time(), 24 * 3600, delta=60)

    def test_an_expired_one_is_gone(self):
        url = self.new(body=self.data[:1000])
        self.d.write("UPDATE uploads SET expires_ms = 1")
        self.refused(patch(self.d, self.ann, url, 1000, self.data[1000:]), 404)
        wait_until(lambda: not self.d.count("uploads") and not self.d.files("spool"), "the reaper")
        self.assertEqual(head(self.d, self.ann, url).status, 404)
        self.assertEqual(self.reserved(), 0)

    def test_bytes_prolong_it(self):
        url = self.new()
        self.d.write("UPDATE uploads SET expires_ms = expires_ms - 3600000")
        before = head(self.d, self.ann, url).headers["Upload-Expires"]
        after = patch(self.d, self.ann, url, 0, self.data[:10]).headers["Upload-Expires"]
        self.assertGreater(email.utils.parsedate_to_datetime(after), email.utils.parsedate_to_datetime(before))


class Checksum(TusTest):
    def test_sums_that_fit(self):
        url = self.new()
        for at, kind in ((0, "sha1"), (4000, "sha256"), (8000, "sha1")):
            piece = self.data[at:at + 4000]
            self.assertEqual(patch(self.d, self.ann, url, at, piece, Upload_Checksum=checksum(piece, kind)).status, 204)
        self.assertEqual(self.file(url).read_bytes(), self.data)

    def test_a_mismatch_is_460_and_its_chunk_is_dropped(self):
        url = self.new(body=self.data[:1000])
        for kind in ("sha1", "sha256"):
            self.refused(patch(self.d, self.ann, url, 1000, self.data[1000:], Upload_Checksum=checksum(b"other", kind)), 460)
            self.assertEqual((self.at(url), self.file(url).stat().st_size), (1000, 1000))
        self.assertEqual(self.reserved(), 8000)
        self.assertEqual(patch(self.d, self.ann, url, 1000, self.data[1000:]).status, 204)
        self.assertEqual(self.file(url).read_bytes(), self.data)

    def test_a_damaged_first_chunk_costs_no_upload(self):
        url = self.new()
        self.refused(patch(self.d, self.ann, url, 0, b"GIF89a" + self.data[6:], Upload_Checksum=checksum(self.data)), 460)
        self.assertEqual(patch(self.d, self.ann, url, 0, self.data, Upload_Checksum=checksum(self.data)).status, 204)

    def test_sums_that_are_none(self):
        url = self.new()
        good = base64.b64encode(hashlib.sha1(self.data).digest()).decode()
        for wrong in (f"md5 {good}", f"SHA1 {good}", f"sha256 {good}", "sha1", "sha1 ", f"sha1 {good[:-1]}", "sha1 ????", "crc32 AAAA"):
            with self.subTest(wrong):
                self.refused(patch(self.d, self.ann, url, 0, self.data, Upload_Checksum=wrong), 400)
        self.assertEqual(self.at(url), 0)

    def test_a_broken_off_chunk_with_a_sum_counts_not_at_all(self):
        url = self.new()
        self.break_off(url, self.data[:3000], 9000, **{"Upload-Checksum": checksum(self.data)})
        wait_until(lambda: self.file(url).stat().st_size == 0, "the chunk's end")
        self.assertEqual(self.at(url), 0)
        self.assertEqual(patch(self.d, self.ann, url, 0, self.data).status, 204)


class Termination(TusTest):
    def test_removed_whole_or_not(self):
        for url in (self.new(), self.new(body=self.data[:70]), whole(self.d, self.ann, self.data)):
            self.assertEqual(tus.tus(self.d, "DELETE", url, self.ann).status, 204)
            self.assertEqual(head(self.d, self.ann, url).status, 404)
            self.refused(patch(self.d, self.ann, url, 0, b"x"), 404)
            self.refused(tus.tus(self.d, "DELETE", url, self.ann), 404)
        self.assertEqual((self.d.count("uploads"), self.d.files("spool"), self.reserved()), (0, [], 0))


class Limits(TusTest):
    settings = {**TusTest.settings, "upload.max_resumable_per_user": "3", "queue.refuse_above": "1"}

    def test_it_is_the_accounts_own(self):
        url = self.new(body=self.data[:100])
        bob = self.d.person("bob@example.org")
        for token in (bob, self.staff):
            self.assertEqual(head(self.d, token, url).status, 404)
            self.refused(patch(self.d, token, url, 100, b"x"), 404)
            self.refused(tus.tus(self.d, "DELETE", url, token), 404)
            self.refused(make_job(self.d, token, url, url), 422, fields=["fileuploadfront", "fileuploadside"])
        self.assertEqual(self.at(url), 100)

    def test_no_video_is_refused_and_removed(self):
        for head_bytes, size in ((b"GIF89a" * 20, 9000), (b"%PDF", 4)):
            url = self.new(size)
            self.refused(patch(self.d, self.ann, url, 0, head_bytes), 415)
            self.assertEqual(head(self.d, self.ann, url).status, 404)
        url = self.new()  # a piece that is too short to tell, then one that tells
        self.assertEqual(patch(self.d, self.ann, url, 0, b"G" * 63).status, 204)
        self.refused(patch(self.d, self.ann, url, 63, b"G"), 415)
        self.refused(create(self.d, self.ann, 0), 415)
        self.assertEqual((self.d.count("uploads"), self.d.files("spool"), self.reserved()), (0, [], 0))

    def test_so_many_for_one_account(self):
        urls = [self.new() for _ in range(3)]
        answer = self.refused(create(self.d, self.ann, 9000), 429)
        self.assertIsNotNone(answer.headers["Retry-After"])
        tus.tus(self.d, "DELETE", urls[0], self.ann)
        self.new()

    def test_room_is_kept_for_what_is_to_come(self):
        urls = [self.new(), self.new(LIMIT)]
        self.assertEqual(self.reserved(), 9000 + LIMIT)
        patch(self.d, self.ann, urls[0], 0, self.data[:2000])
        self.assertEqual(self.reserved(), 7000 + LIMIT)
        tus.tus(self.d, "DELETE", urls[1], self.ann)
        self.assertEqual(self.reserved(), 7000)
        self.d.restart()
        self.assertEqual(self.reserved(), 7000)
        patch(self.d, self.ann, urls[0], 2000, self.data[2000:])
        self.assertEqual(self.reserved(), 0)


class NoRoom(unittest.TestCase):
    def test_no_room_is_503(self):
        with Gaitd("parked", {"upload.min_free_bytes": "100TB"}) as d:
            token = d.person()
            answer = create(d, token, 9000)
            self.assertEqual((answer.status, answer.headers["Tus-Resumable"]), (503, "1.0.0"), answer)
            self.assertIsNotNone(answer.headers["Retry-After"])
            d.assert_untouched()

    def test_a_failed_fsync_is_final(self):
        with Gaitd("parked", env={"GAITD_FAULT_FAIL": "resumable.sync:2"}) as d:
            token, data = d.person(), video(size=9000)
            url = create(d, token, 9000).headers["Location"]
            answer = patch(d, token, url, 0, data)
            self.assertEqual(answer.status, 503, answer)
            self.assertEqual(head(d, token, url).status, 404)
            self.assertEqual((d.count("uploads"), d.files("spool")), (0, []))


class Restart(unittest.TestCase):
    def setUp(self):
        self.d = Gaitd("parked").start()
        self.addCleanup(self.d.close)
        self.token = self.d.person()
        self.data = video(size=9000)

    def test_what_was_acknowledged_survives_a_kill(self):
        d, data = self.d, self.data
        url = create(d, self.token, 9000, Upload_Metadata=metadata(filename="x.mp4")).headers["Location"]
        self.assertEqual(patch(d, self.token, url, 0, data[:5000]).status, 204)
        file = d.data / "spool" / (url.split("/")[-1] + "-upload")
        d.kill()
        with open(file, "ab") as f:  # written, but never acknowledged: perhaps it is rubbish
            f.write(b"\0" * 2000)
        (d.data / "spool" / "01m80egremq45n0ja0qmwbpy56-upload").write_bytes(b"of no row")
        d.start()
        answer = head(d, self.token, url)
        self.assertEqual((offset(answer), answer.headers["Upload-Metadata"]), (5000, metadata(filename="x.mp4")))
        self.assertEqual(patch(d, self.token, url, 5000, data[5000:]).status, 204)
        self.assertEqual(file.read_bytes(), data)
        self.assertEqual(d.rows("SELECT sha256 FROM uploads")[0]["sha256"], hashlib.sha256(data).digest())
        self.assertEqual(len(d.files("spool")), 1)

    def test_a_file_that_lost_bytes_is_not_believed(self):
        d = self.d
        url = create(d, self.token, 9000, self.data[:5000]).headers["Location"]
        d.kill()
        file = d.data / "spool" / (url.split("/")[-1] + "-upload")
        file.write_bytes(self.data[:4999])
        d.start()
        self.assertEqual(head(d, self.token, url).status, 404)
        self.assertEqual((d.count("uploads"), d.files("spool")), (0, []))

    def test_a_long_request_leaves_its_progress_behind(self):
        d = self.d
        size = 40 << 20
        url = create(d, self.token, size).headers["Location"]
        block = video(size=1 << 20)
        with d.connect() as c:
            c.head("PATCH", url, d.headers(self.token, {"Tus-Resumable": "1.0.0", "Content-Type": BYTES,
                                                        "Upload-Offset": "0", "Content-Length": str(size)}))

            def progress():
                c.send(block) if sent[0] < 39 else None
                sent[0] += 1
                time.sleep(0.16)
                return d.rows("SELECT offset FROM uploads")[0]["offset"] >= 8 << 20
            sent = [0]
            wait_until(progress, "a checkpoint")
        d.kill()
        d.start()
        self.assertGreaterEqual(offset(head(d, self.token, url)), 8 << 20)


class Jobs(TusTest):
    settings = {**TusTest.settings, "upload.max_resumable_per_user": "20"}

    def pair(self):
        return [whole(self.d, self.ann, video(seed=v, size=5000), Upload_Metadata=metadata(view=v)) for v in ("front", "side")]

    def accepted(self, answer):
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(answer.headers["Location"], f"/api/v1/jobs/{answer.json['id']}")
        return answer.json["id"]

    def test_a_job_takes_them(self):
        front, side = self.pair()
        job = self.accepted(make_job(self.d, self.ann, front.split("/")[-1], f"http://x.example{side}", age=40, notes="é\n"))
        self.assertEqual(self.d.count("uploads"), 0)
        self.assertEqual(head(self.d, self.ann, front).status, 404)
        rows = {r["view"]: r for r in self.d.rows("SELECT * FROM videos WHERE job = ?", job)}
        for view in ("front", "side"):
            self.assertEqual(rows[view]["sha256"], hashlib.sha256(video(seed=view, size=5000)).digest())
        self.refused(make_job(self.d, self.ann, front, side), 422, fields=["fileuploadfront", "fileuploadside"])
        self.d.attempt(job)
        wait_until(lambda: not self.d.files("spool"), "an empty spool")

    def test_as_a_form(self):
        front, side = self.pair()
        parts = [Part(k, v) for k, v in {**FIELDS, "fileuploadfront": front, "fileuploadside": side}.items()]
        self.accepted(self.d.post_form("/api/v1/jobs", parts, self.ann))
        answer = self.d.post_form("/api/v1/jobs", [*parts[:-1], Part("fileuploadside", video(), "x.mp4")], self.ann)
        self.refused(answer, 422)
        self.assertIn("fileuploadside", answer.fields)

    def test_fields_are_judged_as_of_the_form(self):
        front, side = self.pair()
        wrong = {"age": "0", "height": "172", "email": "bob@example.org", "priority": 1, "shoe": "42"}
        self.refused(make_job(self.d, self.ann, front, side, **wrong), 422, fields=set(wrong))
        self.refused(make_job(self.d, self.ann, None, side, sex=None), 422, fields=["fileuploadfront", "sex"])
        self.refused(make_job(self.d, self.ann, front, front), 422, fields=["fileuploadside"])
        self.refused(make_job(self.d, self.ann, side, front), 422, fields=["fileuploadfront", "fileuploadside"])
        for bad in ("", "x", "01m80egremq45n0ja0qmwbpy56", "../../gaitd.sqlite"):
            self.refused(make_job(self.d, self.ann, bad, side), 422, fields=["fileuploadfront"])
        self.refused(make_job(self.d, self.ann, [front], side), 400)
        half = self.new(body=self.data[:100])
        self.assertIn("100 of 9000", self.refused(make_job(self.d, self.ann, half, side), 422).fields["fileuploadfront"])
        self.assertEqual(self.d.count("uploads"), 3)
        self.assertEqual(self.d.rows("SELECT 1 FROM jobs WHERE created_ms > ?", int(time.time() * 1000) + 1), [])
        self.accepted(make_job(self.d, self.ann, front, side))

    def test_a_file_that_is_gone(self):
        front, side = self.pair()
        self.file(side).unlink()
        self.refused(make_job(self.d, self.ann, front, side), 422, fields=["fileuploadside"])
        self.refused(patch(self.d, self.ann, side, 5000, b""), 404)
        self.assertEqual(head(self.d, self.ann, side).status, 404)

    def test_bodies(self):
        for body, kind, status in ((b"{}", "text/plain", 415), (b"a=b", "application/x-www-form-urlencoded", 415),
                                   (b"{", "application/json", 400), (b" " * 20000, "application/json", 413)):
            self.refused(self.d.request("POST", "/api/v1/jobs", self.ann, body=body, headers={"Content-Type": kind}), status)

    def test_the_same_key_makes_one_job(self):
        front, side = self.pair()
        job = self.accepted(make_job(self.d, self.ann, front, side, "key-1"))
        self.assertEqual(self.accepted(make_job(self.d, self.ann, front, side, "key-1")), job)
        self.refused(make_job(self.d, self.ann, front, side, "key-1", age="41"), 422)
        self.refused(make_job(self.d, self.ann, side, front, "key-1"), 422)
        self.refused(make_job(self.d, self.ann, front, side, "a b"), 400)

    def test_the_same_key_at_once_makes_one_job(self):
        front, side = self.pair()
        before, answers = self.d.count("jobs"), []
        threads = [threading.Thread(target=lambda: answers.append(make_job(self.d, self.ann, front, side, "key-2")))
                   for _ in range(4)]
        [t.start() for t in threads], [t.join() for t in threads]
        self.assertEqual({a.status for a in answers}, {202}, answers)
        self.assertEqual(len({a.json["id"] for a in answers}), 1)
        self.assertEqual(self.d.count("jobs"), before + 1)

    def test_two_jobs_at_once_share_nothing(self):
        front, side = self.pair()
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(make_job(self.d, self.ann, front, side).status)) for _ in range(4)]
        [t.start() for t in threads], [t.join() for t in threads]
        self.assertEqual(answers.count(202), 1, answers)
        self.assertLessEqual(set(answers), {202, 409, 422})


class Way(ApiTest):
    def test_from_pieces_to_a_result(self):
        urls = []
        for view in ("front", "side"):
            up = tus.Upload(video(seed=view, size=50000), 7000, Upload_Metadata=metadata(view=view))
            while not up.step(self.d, self.ann):
                pass
            urls.append(up.url)
        answer = make_job(self.d, self.ann, *urls)
        self.assertEqual(answer.status, 202, answer)
        self.d.wait_job(answer.json["id"], "complete")
        self.assertEqual(sorted(self.d.engine_runs()), ["run front.mp4 behave:ok", "run side.mp4 behave:ok"])
        self.assertEqual(self.d.request("DELETE", answer.headers["Location"], self.ann).status, 204)
        self.assertEqual((self.d.files("spool"), self.d.files("blobs"), self.d.count("uploads")), ([], [], 0))


if __name__ == "__main__":
    main()
