"""gaitctl doctor over the embedded drivers: what it says when all is well, and what when one thing is not."""

import http.server
import os
import pty
import re
import shutil
import ssl
import subprocess
import threading
import time
import unittest

from doctortest import PARTS, DoctorTest, free_port
from gaitd import BIN, Gaitd, main


class Server(http.server.BaseHTTPRequestHandler):
    """A server that is not gaitd, whose clock stands wherever the test wants."""

    def do_GET(self):
        self.server.may_answer.wait(60)
        self.send_response_only(self.server.status)
        self.send_header("Date", self.date_time_string(time.time() + self.server.skew_s))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Embedded(DoctorTest):
    @classmethod
    def setUpClass(cls):
        cls.d = Gaitd("parked")
        try:
            cls.d.start()
            # gaitctl makes addresses from the port it is told; the server took a free one.
            cls.d.settings["http.listen"] = f"127.0.0.1:{cls.d.port}"
        except BaseException:
            cls.d.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.d.__exit__(None)

    def text(self, *args, settings=None):
        return self.d.ctl_run("doctor", *args, settings=settings).stdout

    def look_alike(self, status=200, skew_s=0, may_answer=None, tls=False):
        server = http.server.HTTPServer(("127.0.0.1", 0), Server)
        if tls:
            cert, key = self.d.root / "cert.pem", self.d.root / "key.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                           check=True, stderr=subprocess.DEVNULL)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.status, server.skew_s, server.may_answer = status, skew_s, may_answer or threading.Event()
        if not may_answer:
            server.may_answer.set()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        return f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"

    def test_all_is_well(self):
        report = self.content()
        self.assertEqual(list(report.json["parts"]), PARTS)
        self.assertNotIn("first", report.json)
        text = self.text()
        self.assertRegex(text, r"(?m)^store +write, read, delete +ok +/")
        self.assertNotIn("\033", text)
        self.assertTrue(text.rstrip().endswith("all parts work"), text)

    def test_people_read_what_to_mend_first(self):
        text = self.text(settings={"cluster.pose_path": "/no/such/gait-pose"})
        self.assertRegex(text, r"(?m)^settings +cluster.pose_path +BAD +/no/such/gait-pose: ")
        self.assertRegex(text, r"(?m)^store +write, read, delete +ok ")
        end = text[text.index("Mend first: settings, cluster.pose_path"):]
        self.assertRegex(end, r"settings: cluster.pose_path\n +to do: .+")

    def test_settings_that_name_nothing(self):
        for setting in ("cluster.pose_path", "cluster.analyze_path", "cluster.script_path", "cluster.supervise_path"):
            with self.subTest(setting):
                self.finds("cluster", setting, "/no/such/thing", settings={setting: "/no/such/thing"})
        for setting, also in (("cluster.weights_dir", ["cluster"]), ("model.dir", ["cluster"])):
            with self.subTest(setting):
                self.finds("settings", setting, "/no/such/thing", also=also, settings={setting: "/no/such/thing"})

    def test_consent_text_that_is_not_there(self):
        """Nothing can be opened without it; the settings are told all the same."""
        report = self.finds("settings", "consent.text_file", "/no/such/text",
                            settings={"consent.version": "1", "consent.text_file": "/no/such/text"})
        self.assertEqual(list(report.json["parts"]), ["settings"])

    def test_folders_that_cannot_be_made(self):
        wall = self.d.root / "a-file"
        wall.write_text("")
        for setting in ("blob.dir", "cluster.dir", "mail.maildir"):
            with self.subTest(setting):
                report = self.finds("settings", setting, str(wall), settings={setting: wall / "x"})
                part = {"blob": "store", "cluster": "cluster", "mail": "mail"}[setting.partition(".")[0]]
                self.assertIn(setting, report.step(part, "open")["text"])

    def test_data_folder_that_is_not_ours(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        with Gaitd("parked") as d:
            d.settings["http.listen"] = f"127.0.0.1:{d.port}"
            d.root.chmod(0o755)
            for path in [d.data, *d.data.rglob("*")]:
                os.chown(path, 65534, 65534)
            report_text = d.ctl_run("doctor").stdout
            self.assertRegex(report_text, r"(?m)^data +user +note .*65534.*\n.*settings: data.dir\n +to do: .*user that runs gaitd")
            for path in [d.data, *d.data.rglob("*")]:
                os.chown(path, 0, 0)

    def test_data_folder_that_may_not_be_written(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        program = shutil.copy(BIN / "gaitctl", self.d.root)
        self.d.root.chmod(0o755)
        data = self.d.root / "data-of-root"
        data.mkdir(mode=0o755)
        sets = [a for k, v in {**self.d.settings, "data.dir": data, "log.level": "warn"}.items() for a in ("--set", f"{k}={v}")]
        done = subprocess.run([program, *sets, "doctor"], user=65534, group=65534, extra_groups=[], text=True, cwd="/",
                              capture_output=True, env=self.d.environment({}))
        self.assertEqual(done.returncode, 78, done)
        self.assertRegex(done.stdout, r"(?m)^settings +data.dir +BAD .*may not be written.*\n +to do: chown it to the user that runs gaitd")
        self.assertRegex(done.stdout, r"(?m)^data +folder +skipped .*data.dir is mended")

    def test_before_the_first_start(self):
        fresh = self.d.root / "fresh"
        report = self.content(settings={"data.dir": fresh})
        for part in ("store", "cluster", "mail"):
            self.assertEqual(report.step(part, "open")["outcome"], "skipped")
        self.assertEqual(report.step("gaitd", "process")["outcome"], "note")
        self.assertFalse(fresh.exists(), "doctor founds no house")
        self.assertIn("what was examined works", self.text(settings={"data.dir": fresh}))

    def test_public_address_that_leads_nowhere(self):
        for url, step, words in (("http://no.such.host.invalid", "name lookup", ["no.such.host.invalid"]),
                                 (f"http://127.0.0.1:{free_port()}", "connection", ["proxy"]),
                                 (f"https://127.0.0.1:{self.d.port}", "certificate", ["TLS"]),
                                 (self.look_alike(tls=True), "certificate", ["self-signed", "compute nodes"]),
                                 (self.look_alike(status=404), "answer", ["404", "proxy"])):
            with self.subTest(step):
                report = self.finds("gaitd", "http.public_url", *words, settings={"http.public_url": url})
                self.assertEqual(report.bad()[0]["step"], step)

    def test_listener_of_the_operators(self):
        """Where /healthz is not served in public, an answer that asks for sign-in shows that it is gaitd."""
        report = self.content(settings={"http.admin_listen": f"127.0.0.1:{free_port()}"})
        self.assertIn("/api/v1/jobs answers with 401", report.step("gaitd", "answer")["text"])

    def test_clock(self):
        for skew_s, word in ((300, "behind"), (-300, "ahead of")):
            report = self.finds("gaitd", "http.public_url", word, settings={"http.public_url": self.look_alike(skew_s=skew_s)})
            self.assertEqual(report.bad()[0]["step"], "clock")
        self.content(settings={"http.public_url": self.look_alike(skew_s=20)})

    def test_database_that_is_damaged(self):
        with Gaitd("parked") as d:
            d.settings["http.listen"] = f"127.0.0.1:{d.port}"
            d.person()
            d.stop()
            self.d, kept = d, self.d
            try:
                db = d.data / "gaitd.sqlite"
                whole = db.read_bytes()
                db.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
                report = self.finds("data", "data.dir", "backup")
                self.assertEqual(report.bad()[0]["step"], "database")
                self.assertEqual(report.step("mail", "write")["outcome"], "ok")
                db.write_bytes(whole)
                self.content()
            finally:
                self.d = kept

    def test_one_broken_part_stops_no_command(self):
        settings = {"mail.maildir": "/dev/null/x", "blob.dir": "/dev/null/y", "cluster.dir": "/dev/null/z"}
        self.d.ctl("users", "list", settings=settings)
        self.d.ctl("users", "add", "eve@example.org", settings=settings)
        self.d.ctl("jobs", "list", settings=settings)
        text = self.d.ctl("status", settings=settings)
        for part in ("store", "cluster", "mail"):
            self.assertRegex(text, rf"(?m)^{part} +BAD ")

    def on_a_terminal(self, on_output, settings=None):
        ours, theirs = pty.openpty()
        sets = self.d.sets(**{"log.level": "warn", **(settings or {})})
        process = subprocess.Popen([BIN / "gaitctl", *sets, "doctor"], stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
                                   env=self.d.environment({"TERM": "xterm"}))
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 4096):
                text += chunk
                on_output(text.decode(errors="replace"))
        except OSError:  # EIO: the other end is closed
            pass
        os.close(ours)
        self.assertEqual(process.wait(), 0, text)
        return text.decode()

    def test_a_terminal_has_colours(self):
        self.assertIn("\033[32mok", self.on_a_terminal(lambda text: None))

    def test_a_terminal_shows_what_is_being_waited_for(self):
        """The server answers when people have seen that it is being waited for."""
        seen = threading.Event()
        url = self.look_alike(may_answer=seen)

        def look(text):
            if re.search(rf"gaitd +GET {url}/healthz … \d+ s", text):
                seen.set()
        text = self.on_a_terminal(look, {"http.public_url": url})
        self.assertTrue(seen.is_set(), text)
        self.assertIn("\r\033[K", text)

    def test_arguments(self):
        for args in (["x"], ["--fast"], ["--quick", "x"]):
            done = self.d.ctl_run("doctor", *args)
            self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.content("--quick")


if __name__ == "__main__":
    main()
