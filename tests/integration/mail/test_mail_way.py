"""gaitd as a process with mail.driver smtp and http: from the upload to what a mail server and a relay received."""

import email
import email.policy
import html.parser
import json
import pathlib
import subprocess
import tempfile
import unittest

from gaitd import SOURCE, Gaitd, main, wait_until

PASSWORD = "pass-word-of-the-mail-server"
TOKEN = "token-of-the-mail-relay"
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Server:
    """A server script of tests/support beside a test."""

    def __init__(self, folder, script, *args):
        self.folder = pathlib.Path(folder)
        self.process = subprocess.Popen(["/usr/bin/python3", SOURCE / "tests" / "support" / script, folder, *args],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().removeprefix("port "))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.terminate()
        self.process.wait()

    def mails(self, job):
        """What was received about @job, by kind: the message and its envelope or request."""
        found = {}
        for path in self.folder.iterdir():
            if path.name.split(".")[1:2] == [job]:
                mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                found.setdefault(path.name.split(".")[0], []).append((mail, json.loads((self.folder / f".{path.name}.json").read_text())))
        return found


class WellFormed(html.parser.HTMLParser):
    """Every element is closed in its order, and nothing is fetched from anywhere."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links = [], []
        self.feed(text)
        self.close()
        if self.open:
            raise AssertionError(f"not closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if len(names) != len(attrs) or tag in ("script", "img", "link", "iframe", "object"):
            raise AssertionError(f"<{tag} {attrs}>")
        if tag == "a":
            self.links.append(names["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> where {self.open} are open")


class MailWay(unittest.TestCase):
    def secret(self, d, name, text):
        path = d.root / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def house(self, **settings):
        d = Gaitd("parked", {"mail.from": "gaitd@gait.example.org", "mail.site_name": "Ganglabor Köln", **settings})
        self.addCleanup(d.close)
        return d

    def smtp(self):
        box = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="gaitd-mail-")))
        server = self.enterContext(Server(box, "smtp.py", "--user", "gaitd", "--password", PASSWORD))
        d = self.house()
        d.settings.update({"mail.driver": "smtp", "mail.smtp_host": "localhost", "mail.smtp_port": server.port,
                           "mail.smtp_ca_file": box / "ca.pem", "mail.smtp_user": "gaitd",
                           "mail.smtp_password_file": self.secret(d, "password", PASSWORD)})
        return d, server

    def play(self, d, **fields):
        """A job played to its end, and its mails sent."""
        token = d.person()
        job = d.new_job(token, **fields)
        attempt = d.attempt(job)
        attempt.checkin()
        attempt.complete()
        wait_until(lambda: len(d.rows("SELECT 1 FROM outbox WHERE job = ? AND state = 'sent'", job)) == 2,
                   lambda: f"two mails: {d.rows('SELECT * FROM outbox')}")
        return job

    def check(self, d, job, found):
        self.assertEqual(sorted(found), ["received", "result"])
        for kind, mails in found.items():
            (mail, _), = mails
            n = 0 if kind == "received" else 1
            self.assertEqual(mail["Message-ID"], f"<{kind}.{job}.{n}@gait.example.org>")
            self.assertEqual((mail["From"], mail["To"], mail["MIME-Version"]),
                             ("Ganglabor Köln <gaitd@gait.example.org>", "ann@example.org", "1.0"))
            self.assertEqual(mail.get_content_type(), "multipart/alternative")
            self.assertFalse(mail.defects)
            text, page = mail.iter_parts()
            self.assertEqual((text.get_content_type(), page.get_content_type()), ("text/plain", "text/html"))
            self.assertIn("Ganglabor Köln", text.get_content())
            self.assertEqual(WellFormed(page.get_content()).links, [f"{d.url}/jobs/{job}"])

    def no_secret(self, d, secret):
        self.assertNotIn(secret, d.stderr())
        for part in ("cmdline", "environ"):
            self.assertNotIn(secret.encode(), pathlib.Path(f"/proc/{d.process.pid}/{part}").read_bytes())
        for row in d.rows("SELECT last_error FROM outbox"):
            self.assertNotIn(secret, row["last_error"])

    def test_smtp(self):
        d, server = self.smtp()
        d.start()
        job = self.play(d, email="ann@example.org", result_by_email="score")
        found = server.mails(job)
        self.check(d, job, found)
        for mails in found.values():
            self.assertEqual({k: mails[0][1][k] for k in ("from", "to", "tls", "user")}, {
                "from": "gaitd@gait.example.org", "to": ["ann@example.org"], "tls": True, "user": "gaitd"})
        done = d.ctl_run("doctor")
        for step in ("DNS", "TCP", "TLS", "login"):
            self.assertRegex(done.stdout, rf"mail +{step} +ok\b")
        # A person whose mailbox is gone is one bounce, which the operator sees; others go on.
        gone = d.new_job(d.person("550@example.org"), email="550@example.org")
        wait_until(lambda: d.rows("SELECT 1 FROM outbox WHERE job = ? AND state = 'bounced'", gone), "a bounce")
        self.assertRegex(d.ctl("outbox", "list", "--state", "bounced"), r"bounced +1 +- .*RCPT TO with 550")
        self.assertRegex(d.ctl_run("doctor").stdout, r"bounced +BAD .*gaitctl outbox list")
        later = d.new_job(d.person("451@example.org"), email="451@example.org")
        wait_until(lambda: d.rows("SELECT 1 FROM outbox WHERE job = ? AND tries = 1", later), "a try")
        self.assertRegex(d.ctl("outbox", "list", "--state", "pending"), r"pending +1 +in \d+ s .*RCPT TO with 451")
        self.no_secret(d, PASSWORD)
        self.assertNotIn("ann@example.org", "".join(x for x in d.stderr().splitlines() if '"mail.' in x))
        d.stop()

    def test_a_wrong_password_bounces_nobody(self):
        d, _ = self.smtp()
        (d.root / "password").write_text("not-the-password-at-all\n")
        d.start()
        token = d.person()
        for _ in range(2):
            d.new_job(token, email="ann@example.org")
        wait_until(lambda: d.rows("SELECT 1 FROM outbox WHERE tries = 1"), "a try")
        held = d.logged("mail.cannot_leave")
        self.assertIn("mail.smtp_password_file", held[0]["reason"])
        self.assertEqual(sorted((r["state"], r["tries"]) for r in d.rows("SELECT * FROM outbox")), [("pending", 0), ("pending", 1)])
        self.assertRegex(d.ctl_run("doctor").stdout, r"(?s)login +BAD .*mail\.smtp_password_file")
        self.no_secret(d, "not-the-password-at-all")
        d.stop()

    def test_settings_that_would_tell_secrets(self):
        d, _ = self.smtp()
        for settings, name in (({"mail.smtp_host": ""}, "mail.smtp_host"),
                               ({"mail.smtp_password_file": ""}, "mail.smtp_password_file"),
                               ({"mail.smtp_user": ""}, "mail.smtp_user"),
                               ({"mail.smtp_host": "mail.example.org", "mail.smtp_security": "none"}, "mail.smtp_security"),
                               ({"mail.driver": "http"}, "mail.http_url"),
                               ({"mail.driver": "http", "mail.http_url": "http://10.0.0.1/mail"}, "mail.http_url"),
                               ({"mail.driver": "http", "mail.http_url": "mail.example.org/x"}, "mail.http_url")):
            with self.subTest(name):
                done = d.ctl_run("config", "check", settings=settings)
                self.assertEqual(done.returncode, 78, done)
                self.assertIn(name, done.stdout + done.stderr)
        done = d.ctl_run("config", "check", settings={
            "mail.smtp_host": "mail.example.org", "mail.smtp_security": "none", "mail.smtp_user": "", "mail.smtp_password_file": ""})
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("in clear", done.stdout + done.stderr)
        (d.root / "password").chmod(0o644)
        with self.assertRaisesRegex(AssertionError, "mail.smtp_password_file"):
            d.start()

    def test_http(self):
        box = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="gaitd-mail-")))
        server = self.enterContext(Server(box, "relay.py", "--token", TOKEN))
        d = self.house()
        d.settings.update({"mail.driver": "http", "mail.http_url": f"http://127.0.0.1:{server.port}/mail",
                           "mail.http_token_file": self.secret(d, "token", TOKEN)})
        d.start()
        job = self.play(d, email="ann@example.org", result_by_email="score")
        found = server.mails(job)
        self.check(d, job, found)
        mail, request = found["result"][0]
        got = request["json"]
        self.assertEqual(request["headers"]["Idempotency-Key"], got["message_id"])
        self.assertEqual(f"<{got['message_id']}>", mail["Message-ID"])
        self.assertEqual(got["subject"], mail["Subject"])
        text, page = mail.iter_parts()
        self.assertEqual(got["text"].split(), text.get_content().split())
        self.assertEqual(got["html"].split(), page.get_content().split())
        self.no_secret(d, TOKEN)
        d.stop()


if __name__ == "__main__":
    main()
