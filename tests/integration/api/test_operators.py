"""What operators rely on: health, metrics, limits, starts that are refused, stops that wait."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from apitest import ApiTest, main
from gaitd import BIN, Gaitd, multipart, upload_parts, wait_until


def metric(text, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M).group(1))


class Health(ApiTest):
    engines = "parked"

    def test_who_may_ask(self):
        self.assertEqual(self.d.get("/healthz").json, {"status": "ok"})
        for path in ("/readyz", "/metrics"):
            self.refused(self.d.get(path), 401)
            self.refused(self.d.get(path, self.ann), 403)
            self.assertEqual(self.d.get(path, self.staff).status, 200)

    def test_readyz_names_each_part(self):
        answer = self.d.get("/readyz", self.staff).json
        self.assertEqual((answer["ready"], answer["status"]), (True, "ok"))
        parts = answer["parts"]
        self.assertEqual({n for n, p in parts.items() if p["needed"]}, {"start-up", "database", "spool"})
        self.assertEqual(set(parts), {"start-up", "database", "spool", "store", "cluster", "mail"})
        self.assertTrue(all(p["ok"] for p in parts.values()), parts)

    def test_metrics(self):
        job = self.d.new_job(self.ann)
        self.d.attempt(job)
        with self.d.events(self.ann, job):
            answer = self.d.get("/metrics", self.staff)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4")
        for line in answer.text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[a-z_-]+"\})? [0-9.e+-]+)$')
        self.assertEqual(metric(answer.text, 'gaitd_jobs{state="processing"}'), 1)
        self.assertEqual(metric(answer.text, "gaitd_event_streams"), 1)
        self.assertEqual(metric(answer.text, "gaitd_ready"), 1)
        for part in ("start-up", "database", "spool", "store", "cluster", "mail"):
            self.assertEqual(metric(answer.text, f'gaitd_part_up{{part="{part}"}}'), 1)
        self.assertGreater(metric(answer.text, "gaitd_requests_total"), 2)
        later = self.d.get("/metrics", self.staff).text
        self.assertGreater(metric(later, "gaitd_requests_total"), metric(answer.text, "gaitd_requests_total"))


class Unhealthy(unittest.TestCase):
    def test_a_part_that_does_not_work(self):
        with Gaitd("parked") as d:
            staff, ann = d.person("staff@example.org", "staff"), d.person()
            admin = d.person("admin@example.org", "admin")
            maildir = d.data / "mail"
            maildir.rename(d.data / "mail.gone")
            maildir.write_text("a file where the maildir should be")

            def broken():
                answer = d.get("/readyz", staff)
                return answer if not answer.json["parts"]["mail"]["ok"] else None
            answer = wait_until(broken, "readyz to see it")
            # Uploads are accepted all the same: no reason to take the site away from anybody.
            self.assertEqual((answer.status, answer.json["ready"], answer.json["status"]), (200, True, "degraded"))
            text = d.get("/metrics", staff).text
            self.assertEqual(metric(text, "gaitd_ready"), 1)
            self.assertEqual(metric(text, 'gaitd_part_up{part="mail"}'), 0)
            self.assertEqual(metric(text, 'gaitd_part_up{part="store"}'), 1)
            done = d.ctl_run("doctor")
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertRegex(done.stdout, r"mail.maildir +BAD .*\n +to do: ")
            # Mail waits, and goes out once there is a maildir again.
            job = d.new_job(ann, email="ann@example.org")
            wait_until(lambda: d.rows("SELECT 1 FROM outbox WHERE tries > 0"), "a try to send")
            mail, = d.rows("SELECT * FROM outbox")
            self.assertEqual((mail["state"], mail["job"]), ("pending", job))
            maildir.unlink()
            (d.data / "mail.gone").rename(maildir)
            wait_until(lambda: d.get("/readyz", staff).json["status"] == "ok", "readyz to see it mended")
            self.assertEqual(d.request("POST", f"/api/v1/outbox/{mail['id']}/retry", admin).status, 204)
            d.wait_mails(1)

    def test_no_room_for_uploads(self):
        with Gaitd("parked", {"upload.min_free_bytes": "100TB"}) as d:
            staff = d.person("staff@example.org", "staff")
            answer = d.get("/readyz", staff)
            self.assertEqual((answer.status, answer.json["ready"], answer.json["status"]), (503, False, "not_ready"))
            self.assertIn("upload.min_free_bytes", answer.json["parts"]["spool"]["detail"])
            self.assertEqual(metric(d.get("/metrics", staff).text, "gaitd_ready"), 0)

    def test_a_mail_server_that_does_not_answer(self):
        """Neither /readyz nor a stop waits for it, and what it was to take goes out after the next start."""
        with socket.create_server(("127.0.0.1", 0)) as silent, Gaitd("parked") as d:
            staff, ann = d.person("staff@example.org", "staff"), d.person()
            d.stop()
            maildir = dict(d.settings)
            d.settings.update({"mail.driver": "smtp", "mail.smtp_host": "127.0.0.1", "mail.smtp_port": str(silent.getsockname()[1]),
                               "mail.smtp_security": "none", "mail.timeout": "10m"})
            d.start()
            started = time.monotonic()
            answers = [d.get("/readyz", staff) for _ in range(3)]
            self.assertLess(time.monotonic() - started, 30)
            for answer in answers:
                self.assertEqual((answer.status, answer.json["status"]), (200, "degraded"))
                self.assertEqual([n for n, p in answer.json["parts"].items() if not p["ok"]], ["mail"])
            job = d.new_job(ann, email="ann@example.org")
            calls = [silent.accept()[0] for _ in range(2)]  # the probe's and the notifier's
            started = time.monotonic()
            d.process.send_signal(signal.SIGTERM)
            self.assertEqual(d.died(), 0, d.stderr())
            self.assertLess(time.monotonic() - started, 30)
            self.assertIn('"gaitd.stopped_without"', d.stderr())
            [c.close() for c in calls]
            d.settings = maildir
            d.start()
            self.assertEqual(d.get(f"/api/v1/jobs/{job}", ann).status, 200)
            d.write("UPDATE outbox SET due_ms = 0")
            d.wait_mails(1)

    def test_mended_by_gaitctl(self):
        with Gaitd("parked") as d:
            ann = d.person()
            (d.data / "mail").rename(d.data / "mail.gone")
            (d.data / "mail").write_text("")
            d.new_job(ann, email="ann@example.org")
            wait_until(lambda: d.rows("SELECT 1 FROM outbox WHERE tries > 0"), "a try to send")
            (d.data / "mail").unlink()
            (d.data / "mail.gone").rename(d.data / "mail")
            mail, = d.ctl_json("outbox", "list", "--state", "pending")["outbox"]
            d.ctl("outbox", "retry", mail["id"])
            d.wait_mails(1)
            self.assertEqual(d.ctl_run("outbox", "retry", mail["id"]).returncode, 66)


class AdminListener(unittest.TestCase):
    def test_health_and_metrics_move_there(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with Gaitd("parked", {"http.admin_listen": f"127.0.0.1:{port}"}) as d:
            token = d.person()
            own, d.port = d.port, port
            for path in ("/healthz", "/readyz", "/metrics"):
                self.assertEqual(d.get(path).status, 200, path)
            for path in ("/api/v1/jobs", "/openapi.yaml", "/api/v1/session"):
                self.assertEqual(d.get(path, token).status, 404, path)
            d.port = own
            staff = d.person("staff@example.org", "staff")
            self.assertEqual(d.get("/api/v1/jobs", token).status, 200)
            for path in ("/readyz", "/metrics"):
                self.assertEqual(d.get(path, staff).status, 404, path)


class Limits(ApiTest):
    engines = "parked"
    settings = {"http.max_blocking_connections": "4", "upload.max_concurrent_per_user": "100", "http.max_event_streams": "3"}

    def hold_uploads(self, n):
        body, kind = multipart(upload_parts())
        held = []
        for _ in range(n):
            c = self.d.connect()
            c.head("POST", "/api/v1/upload", self.d.headers(self.ann, {"Content-Type": kind, "Content-Length": str(len(body))}))
            c.send(body[:100])
            held.append(c)
        return held, body

    def test_burst_on_threads_and_recovery(self):
        held, body = self.hold_uploads(4)
        wait_until(lambda: len(self.d.rows("SELECT 1")) and self.blocking() >= 4, "four threads taken")
        answers = [self.d.upload(self.ann) for _ in range(6)]
        for answer in answers:
            self.refused(answer, 503)
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual(self.d.get("/api/v1/jobs", self.ann).status, 200, "the loop goes on")
        self.assertEqual(self.d.get("/healthz").status, 200)
        for c in held:
            c.send(body[100:])
            self.assertEqual(c.answer().status, 202)
            c.close()

        def accepted():
            answer = self.d.upload(self.ann)
            self.assertIn(answer.status, (202, 503))
            return answer.status == 202
        wait_until(accepted, "recovery")

    def blocking(self):
        """Connections on threads, seen from outside: /metrics itself would need one."""
        names = [pathlib.Path(p).read_text() for p in self.tasks()]
        return sum(n.startswith("MHD-connection") for n in names)

    def tasks(self):
        return [f"/proc/{self.d.process.pid}/task/{t}/comm" for t in os.listdir(f"/proc/{self.d.process.pid}/task")]

    def test_event_streams(self):
        job = self.d.new_job(self.ann)
        streams = [self.d.events(self.ann, job) for _ in range(3)]
        [s.next() for s in streams]
        self.refused(self.d.get(f"/api/v1/jobs/{job}/events", self.ann), 503)
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}", self.ann).status, 200)
        streams[0].connection.reset()

        def open_again():
            c = self.d.connect()
            c.head("GET", f"/api/v1/jobs/{job}/events", self.d.headers(self.ann))
            ok = c.response("GET").status == 200
            c.close()
            return ok
        wait_until(open_again, "a free stream")
        [s.connection.close() for s in streams[1:]]

    def test_slow_bodies_are_broken_off(self):
        with Gaitd("parked", {"http.min_rate_window": "1s", "http.min_rate_bytes": "1000"}) as d:
            token = d.person()
            with d.connect() as c:
                c.head("POST", "/api/v1/upload", d.headers(token, {"Content-Type": "multipart/form-data; boundary=x",
                                                                   "Content-Length": "100000"}))
                c.send(b"--x\r\n")
                started = time.monotonic()
                answer = self.refused(c.answer(), 408, "too slowly")
                self.assertEqual(answer.headers["X-Request-Id"], answer.json["request_id"])
                self.assertLess(time.monotonic() - started, 20)
            d.assert_untouched()

    def test_headers_that_do_not_come(self):
        with Gaitd("parked", {"http.first_line_timeout": "500ms"}) as d:
            for text in (b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"):
                with d.connect() as c:
                    c.send(text)
                    data = c.sock.recv(4096)
                    self.assertTrue(data == b"" or b" 408 " in data, data)

    def test_headers_that_are_too_much(self):
        for text, status in ((b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
                             (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
                             (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40, 400), (b"HELLO\r\n\r\n", 400)):
            with self.d.connect() as c:
                c.send(text)
                self.refused(c.answer("GET"), status)

    def test_lengths_that_disagree(self):
        for lines, status in (("Content-Length: 5\r\nContent-Length: 6", 400), ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
                              ("Transfer-Encoding: gzip, chunked", 501), ("Content-Length: -1", 400), ("Content-Length: x", 400)):
            with self.subTest(lines), self.d.connect() as c:
                c.send(f"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{lines}\r\n\r\n{{}}".encode())
                self.assertEqual(c.answer().status, status)


class Starts(unittest.TestCase):
    def fails(self, d, code, *words, settings=None):
        d.settings.update(settings or {})
        d.spawn()
        self.assertEqual(d.died(), code, d.stderr())
        for word in words:
            self.assertIn(word, d.stderr())

    def test_a_second_one_on_the_same_data(self):
        with Gaitd("parked") as d:
            other = Gaitd("parked", {"data.dir": d.data})
            self.addCleanup(other.close)
            self.fails(other, 75, f"another gaitd (process {d.process.pid})", str(d.data))
            self.assertEqual(d.get("/healthz").status, 200)
            d.kill()
            d.start()

    def test_address_in_use(self):
        with Gaitd("parked") as d:
            other = Gaitd("parked", {"http.listen": f"127.0.0.1:{d.port}"})
            self.addCleanup(other.close)
            self.fails(other, 69, str(d.port))

    def test_a_newer_database(self):
        with Gaitd("parked") as d:
            d.stop()
            d.write("PRAGMA user_version = 99")
            before = (d.data / "gaitd.sqlite").read_bytes()
            self.fails(d, 76, "newer")
            self.assertEqual((d.data / "gaitd.sqlite").read_bytes(), before)
            self.assertEqual(d.ctl_run("status").returncode, 76)

    def test_a_damaged_database(self):
        with Gaitd("parked") as d:
            d.stop()
            for name in ("gaitd.sqlite-wal", "gaitd.sqlite-shm"):
                (d.data / name).unlink(missing_ok=True)
            (d.data / "gaitd.sqlite").write_bytes(b"not a database" * 1000)
            self.fails(d, 65, "database")

    def test_wrong_settings(self):
        for settings, words in (({"http.listen": "0.0.0.0:0"}, "trusted_proxies"), ({"http.listen": "nonsense"}, "http.listen"),
                                ({"queue.max_attempts": "many"}, "queue.max_attempts"), ({"no.such": "x"}, "no.such")):
            with self.subTest(settings):
                d = Gaitd("parked", settings)
                self.addCleanup(d.close)
                self.fails(d, 78, words)

    def test_secret_that_others_may_read(self):
        with Gaitd("parked") as d:
            d.stop()
            (d.data / "server.key").chmod(0o644)
            self.fails(d, 78, "server.key")

    def test_what_it_makes_is_its_own(self):
        with Gaitd("parked") as d:
            d.attempt(d.new_job(d.person()))
            d.wait_mails(1)
            d.stop()
            for path in [d.data, *d.data.glob("**/*")]:
                self.assertEqual(path.lstat().st_mode & 0o077, 0, path)

    def test_help_and_usage(self):
        for args, code, word in ((["--help"], 0, "usage: gaitd"), (["--version"], 0, "gaitd "), (["--nonsense"], 64, "--nonsense"),
                                 (["--ready-file"], 64, "--ready-file")):
            done = subprocess.run([BIN / "gaitd", *args], env=Gaitd.environment({}), text=True, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(word, done.stdout + done.stderr)


class Stops(unittest.TestCase):
    def test_uploads_under_way_may_end(self):
        with Gaitd("parked") as d:
            token = d.person()
            body, kind = multipart(upload_parts())
            c = d.connect()
            c.head("POST", "/api/v1/upload", d.headers(token, {"Content-Type": kind, "Content-Length": str(len(body))}))
            c.send(body[:-20])
            wait_until(lambda: len(d.files("spool")) == 2, "the upload in the spool")
            d.process.send_signal(signal.SIGTERM)

            def refused():
                try:
                    d.connect().close()
                    return False
                except ConnectionError:
                    return True
            wait_until(refused, "no new connections")
            c.send(body[-20:])
            answer = c.answer()
            self.assertEqual(answer.status, 202, answer)
            self.assertEqual(d.died(), 0)
            d.start()
            self.assertEqual(d.get(f"/api/v1/jobs/{answer.json['id']}", token).status, 200)

    def test_uploads_over_the_grace_time_are_broken_off(self):
        with Gaitd("parked", {"http.shutdown_grace": "300ms"}) as d:
            token = d.person()
            body, kind = multipart(upload_parts())
            c = d.connect()
            c.head("POST", "/api/v1/upload", d.headers(token, {"Content-Type": kind, "Content-Length": str(len(body))}))
            c.send(body[:-20])
            wait_until(lambda: len(d.files("spool")) == 2, "the upload in the spool")
            d.stop()
            d.assert_untouched()
            c.close()

    def test_both_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            d = Gaitd("parked").start()
            self.addCleanup(d.close)
            d.process.send_signal(number)
            self.assertEqual(d.died(), 0)

    def test_after_a_kill_leftovers_are_gone(self):
        with Gaitd("parked") as d:
            token = d.person()
            c = d.connect()
            body, kind = multipart(upload_parts())
            c.head("POST", "/api/v1/upload", d.headers(token, {"Content-Type": kind, "Content-Length": str(len(body))}))
            c.send(body[:-20])
            wait_until(lambda: len(d.files("spool")) == 2, "the upload in the spool")
            d.kill()
            c.close()
            self.assertEqual(len(d.files("spool")), 2)
            d.start()
            d.assert_untouched()


if __name__ == "__main__":
    main()
