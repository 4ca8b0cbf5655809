"""The pages for staff, administrators and one's own account in a browser: what each role sees, does, and is refused."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from gaitd import SOURCE, main, video, wait_until
from webtest import PASSWORD, WebGaitd


class StaffGaitd(WebGaitd):
    """With an account of each role, and something to see."""

    def start(self, env_now=None):
        super().start(env_now)
        if self.starts == 1:
            for name, role in (("sam", "staff"), ("ada", "admin")):
                self.add_user(f"{name}@example.org", role, PASSWORD)
        return self

    def fill(self):
        """Two that run, three that wait, and attempts that ended in the last days."""
        bob = self.person("bob.with-a-rather-long-name@children-hospital.example.org")
        jobs = [self.new_job(self.token, front=video(seed=str(i)), subject=f"P-{i}") for i in range(3)]
        jobs += [self.new_job(bob, front=video(seed=f"b{i}"), subject="K.7") for i in range(3)]
        first = self.attempt(jobs[0])
        first.checkin()
        first.heartbeat("pose_side", 35)
        wait_until(lambda: self.rows("SELECT count(*) AS n FROM jobs WHERE state = 'processing'")[0]["n"] == 2, "two that run")
        self.make_history(jobs[0])
        return jobs

    def make_history(self, job):
        """Attempts that ended an hour to six days ago, as if many had been analysed."""
        for i in range(60):
            outcome = ("complete", "complete", "complete", "error", "complete")[i % 5]
            ended = f"(SELECT created_ms FROM jobs WHERE id = '{job}') - {1 + i * i // 40} * 3600000"
            self.write("INSERT INTO attempts (id, job, n, nonce, token_sha256, created_ms, ended_ms, forgotten_ms, outcome, error_kind) "
                       f"VALUES ('old-{i}', '{job}', {100 + i}, zeroblob(16), zeroblob(32), {ended} - 240000, {ended}, 1, ?, ?)",
                       outcome, "engine_failed" if outcome == "error" else "")


class Pages(unittest.TestCase):
    settings = {"cluster.max_in_flight": "2", "upload.max_concurrent_per_user": "8", "auth.failures_per_account": "30"}

    def house(self, engines="parked", **settings):
        return self.enterContext(StaffGaitd(engines, {**self.settings, **settings}))

    def test_every_page_as_administrator_and_staff(self):
        d = self.house()
        d.fill()
        for size in ("small", "phone", "desktop"):
            d.browse("staff_pages.mjs", "admin_pages", size)
        for size in ("phone", "desktop"):
            d.browse("staff_pages.mjs", "staff_pages", size)

    def test_submitters_are_refused(self):
        self.house().browse("staff_pages.mjs", "submitter", "phone")

    def test_search_and_technical_details(self):
        d = self.house("standin", **{"queue.max_attempts": "1"})
        failed = d.new_job(d.token, front=video("exit70"), subject="P-17")
        d.new_job(d.person("bob@clinic.example"), front=video("gate"))
        d.wait_job(failed, "inference_error")
        d.browse("staff_pages.mjs", "search", "phone", job=failed)
        d.browse("staff_pages.mjs", "search", "desktop", job=failed)
        d.open_gate()

    def test_queue_moves_by_itself(self):
        d = self.house()
        d.jobs = d.fill()
        d.ask_end_one = lambda: d.request("POST", f"/api/v1/jobs/{d.jobs[0]}/cancel", d.token).status
        d.browse("staff_pages.mjs", "queue_moves")

    def test_users(self):
        d = self.house()
        d.browse("staff_pages.mjs", "users", "desktop")
        actions = [r["action"] for r in d.rows("SELECT action FROM audit WHERE actor LIKE 'user:%' AND action <> 'sign_in'")]
        self.assertEqual(actions, ["user_add", "user_password", "user_role", "user_disable", "user_enable", "user_password"])

    def test_many_users_by_pages(self):
        d = self.house()
        for i in range(60):
            d.write("INSERT INTO users (id, email, role, created_ms) VALUES (?, ?, 'submitter', 1)", f"00{i:024}", f"walker{i}@example.org")
        d.browse("staff_pages.mjs", "user_pages")

    def test_tokens(self):
        self.house().browse("staff_pages.mjs", "tokens", "desktop")

    def test_a_bounced_mail_is_retried(self):
        box = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="gaitd-mail-")))
        server = subprocess.Popen(["/usr/bin/python3", SOURCE / "tests" / "support" / "smtp.py", box, "--tls", "none"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
        self.addCleanup(server.wait)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.stdin.close)
        port = int(server.stdout.readline().removeprefix("port "))
        d = self.house(**{"mail.driver": "smtp", "mail.smtp_host": "127.0.0.1", "mail.smtp_port": port, "mail.smtp_security": "none"})
        d.new_job(d.token, email="ann@example.org")
        wait_until(lambda: d.rows("SELECT 1 FROM outbox WHERE state = 'sent'"), "a sent one")

        def mend():
            """The person's address is mended: by hand, since nothing else may change it."""
            return d.write("UPDATE outbox SET recipient = 'mended' || substr(recipient, 4) WHERE state = 'bounced'")
        d.ask_mend = mend
        for size in ("phone", "desktop"):
            gone = f"550@{size}.example.org"  # what that server says of it stands in its name
            d.new_job(d.person(gone), email=gone)
            wait_until(lambda: d.rows("SELECT 1 FROM outbox WHERE state = 'bounced'"), "a bounce")
            d.browse("staff_pages.mjs", "mail", size)
        self.assertEqual(len(d.rows("SELECT 1 FROM audit WHERE action = 'outbox_retry'")), 4)

    def test_health_tells_what_does_not_work(self):
        d = self.house()
        maildir = d.data / "mail"

        def break_mail():
            maildir.rename(d.data / "mail.gone")
            maildir.write_text("a file where the maildir should be")

        def mend_mail():
            maildir.unlink()
            (d.data / "mail.gone").rename(maildir)
        d.ask_break_mail, d.ask_mend_mail = break_mail, mend_mail
        d.browse("staff_pages.mjs", "health", "phone")

    def test_own_account(self):
        d = self.house()
        d.browse("staff_pages.mjs", "account", "phone")
        d.ctl("users", "password", "ann@example.org", input=PASSWORD + "\n")
        d.browse("staff_pages.mjs", "account", "desktop")

    def test_spanish_and_dark(self):
        d = self.house()
        d.fill()
        d.browse("staff_pages.mjs", "spanish", "desktop")


if __name__ == "__main__":
    main()
