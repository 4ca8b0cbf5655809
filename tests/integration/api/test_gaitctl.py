"""gaitctl: every command, for people and for programs, beside a gaitd and without one."""

import json
import os
import sqlite3
import subprocess
import threading
import unittest

from apitest import NOBODYS, ApiTest, main
from gaitd import BIN, Gaitd, wait_until

COMMANDS = ["status", "doctor", "jobs list", "jobs show ID", "jobs watch ID", "jobs cancel ID", "jobs rerun ID", "jobs erase ID", "jobs rescore ID",
            "jobs release ID", "jobs withdraw ID", "users list",
            "users add", "users role", "users password", "users disable", "users enable", "tokens list", "tokens add", "tokens revoke",
            "outbox list", "outbox retry", "audit list", "config check", "config show", "config explain", "db check", "db backup"]


class Commands(ApiTest):
    engines = "parked"
    settings = {"cluster.max_in_flight": "8"}

    def job(self, complete=True, **fields):
        job = self.d.new_job(self.ann, **fields)
        attempt = self.d.attempt(job)
        attempt.checkin()
        if complete:
            self.assertEqual(attempt.complete().status, 200)
        return job

    def fails(self, code, *args, word=None, **kwargs):
        done = self.d.ctl_run(*args, **kwargs)
        self.assertEqual((done.returncode, done.stdout), (code, ""), f"{args}: {done.stderr}")
        self.assertTrue(done.stderr.startswith("gaitctl: "), done.stderr)
        if word:
            self.assertIn(word, done.stderr)

    def table(self, *args):
        """Rows of a table as dictionaries, cut at the columns of its head."""
        lines = self.d.ctl(*args).splitlines()
        head, starts = lines[0], [0]
        for i in range(2, len(lines[0])):
            if head[i] != " " and head[i - 2:i] == "  ":
                starts.append(i)
        cut = [[line[a:b].strip() for a, b in zip(starts, starts[1:] + [None])] for line in lines]
        return [dict(zip(cut[0], row)) for row in cut[1:]]

    def test_status(self):
        self.job()
        text = self.d.ctl("status")
        self.assertIn(f"runs as process {self.d.process.pid}", text)
        for part in ("queue", "jobs", "outbox", "database", "spool", "store", "cluster", "mail"):
            self.assertRegex(text, rf"(?m)^{part} ")
        status = self.d.ctl_json("status")
        self.assertEqual(status["gaitd_pid"], self.d.process.pid)
        self.assertGreaterEqual(status["jobs"]["complete"], 1)
        self.assertEqual(set(status["parts"]), {"start-up", "database", "spool", "store", "cluster", "mail"})

    def test_doctor(self):
        text = self.d.ctl("doctor")
        self.assertIn("what was examined works", text)
        self.assertTrue(all(p["ok"] for p in self.d.ctl_json("doctor")["parts"].values()))

    def test_doctor_names_a_broken_setting_and_what_to_do(self):
        for settings, name in (({"cluster.pose_path": "/no/such/gait-pose"}, "cluster.pose_path"),
                               ({"cluster.script_path": "/no/such/script"}, "cluster.script_path"),
                               ({"model.dir": "/no/such/model"}, "model.dir")):
            with self.subTest(name):
                done = self.d.ctl_run("doctor", settings=settings)
                self.assertEqual(done.returncode, 78, done)
                self.assertRegex(done.stdout, rf"settings +{name} +BAD +.+\n +to do: .+")

    def test_doctor_finds_what_does_not_work_with_right_settings(self):
        done = self.d.ctl_run("doctor", settings={"upload.min_free_bytes": "100TB"})
        self.assertEqual(done.returncode, 69, done)
        self.assertRegex(done.stdout, r"data +disk +BAD .*upload.min_free_bytes")
        job = self.job()
        wait_until(lambda: self.d.rows("SELECT 1 FROM outbox WHERE job = ? AND state = 'sent'", job), "a mail")
        self.d.write("UPDATE outbox SET state = 'bounced', last_error = 'no such mailbox' WHERE job = ? AND kind = 'received'", job)
        done = self.d.ctl_run("doctor")
        self.assertEqual(done.returncode, 69, done)
        self.assertRegex(done.stdout, r"mail +bounced +BAD .*gaitctl outbox list --state bounced")
        mail, = [m for m in self.table("outbox", "list", "--state", "bounced")]
        self.assertEqual(mail["LAST ERROR"], "no such mailbox")
        self.d.ctl("outbox", "retry", mail["ID"])
        wait_until(lambda: self.d.ctl_run("doctor").returncode == 0, "doctor to be content")

    def test_settings_that_cannot_be_read_at_all(self):
        for settings, name in (({"queue.max_attempts": "0"}, "queue.max_attempts"), ({"http.listen": "x"}, "http.listen"),
                               ({"no.such": "1"}, "no.such")):
            for command in (["status"], ["doctor"], ["jobs", "list"]):
                self.fails(78, *command, settings=settings, word=name)

    def test_jobs_list(self):
        first, second = self.job(), self.job(complete=False)
        rows = {r["ID"]: r for r in self.table("jobs", "list", "--limit", "200")}
        self.assertEqual((rows[first]["STATUS"], rows[first]["SCORE"], rows[first]["TRIES"]), ("complete", "0.75 (demo)", "1"))
        self.assertEqual((rows[second]["STATUS"], rows[second]["PHASE"], rows[second]["SCORE"]), ("processing", "running", "-"))
        listed = [j["id"] for j in self.d.ctl_json("jobs", "list", "--status", "processing")["jobs"]]
        self.assertIn(second, listed)
        self.assertNotIn(first, listed)
        self.assertEqual(len(self.d.ctl_json("jobs", "list", "--limit", "1")["jobs"]), 1)
        for args in (["--limit", "0"], ["--limit", "x"], ["--status", "done"], ["--nonsense", "1"], ["x"]):
            self.fails(64, "jobs", "list", *args)
        self.d.ctl("jobs", "cancel", second)

    def test_jobs_show(self):
        job = self.job(notes="a secret note", ethnicity="asian")
        text = self.d.ctl("jobs", "show", job)
        for word in (job, "The analysis is done.", "0.75", "not a diagnosis", "attempt 1  complete", "running"):
            self.assertIn(word, text)
        shown = self.d.ctl_json("jobs", "show", job)
        self.assertEqual((shown["id"], shown["status"]["value"], len(shown["attempts"])), (job, "complete", 1))
        self.assertNotIn("secret note", text + json.dumps(shown))
        for command in ("show", "watch", "cancel", "rerun", "erase"):
            for name in (NOBODYS, "1", "x", ""):
                self.fails(66, "jobs", command, name)

    def test_jobs_watch(self):
        job = self.job(complete=False)
        watch = subprocess.Popen([BIN / "gaitctl", *self.d.sets(), "jobs", "watch", job], stdout=subprocess.PIPE, text=True,
                                 env=self.d.environment({}), stdin=subprocess.DEVNULL)
        lines = []
        while not lines or "running" not in lines[-1]:
            lines.append(watch.stdout.readline())
        attempt = self.d.attempt(job)
        attempt.heartbeat("pose_side", 42)
        self.assertRegex(watch.stdout.readline(), r"42 % +Finding the body in the side video")
        attempt.complete()
        self.assertIn("The analysis is done.", watch.communicate(timeout=60)[0])
        self.assertEqual(watch.returncode, 0)
        failed = self.job(complete=False)
        self.d.attempt(failed).fail("no_person", "No person was found in the front video.")
        done = self.d.ctl_run("jobs", "watch", failed)
        self.assertEqual(done.returncode, 70)
        self.assertIn("No person was found", done.stderr)

    def test_jobs_cancel_rerun_erase(self):
        job = self.job(complete=False)
        self.fails(75, "jobs", "rerun", job, word="not over")
        self.fails(75, "jobs", "erase", job, word="cancel it first")
        self.assertIn("cancelling", self.d.ctl("jobs", "cancel", job))
        self.d.wait_job(job, "cancelled")
        self.assertIn("cancelled", self.d.ctl("jobs", "cancel", job))
        self.assertIn("queued again", self.d.ctl("jobs", "rerun", job))
        second = self.d.attempt(job, 2)
        self.assertEqual(second.checkin().status, 200)
        self.assertEqual(second.complete().status, 200)
        self.fails(75, "jobs", "cancel", job, word="over")
        self.assertIn("erased", self.d.ctl("jobs", "erase", job))
        self.fails(75, "jobs", "rerun", job, word="erased")
        self.assertEqual([f for f in self.d.files("blobs") if job in f], [])
        actions = [r["action"] for r in self.d.rows("SELECT action FROM audit WHERE object = ? AND actor LIKE 'os:%' ORDER BY seq", job)]
        self.assertEqual(actions, ["job_cancel", "job_rerun", "job_erase"])
        rows = {r["ID"]: r for r in self.table("jobs", "list", "--limit", "200")}
        self.assertEqual(rows[job]["STATUS"], "erased")

    def test_users(self):
        self.assertIn("is now a staff", self.d.ctl("users", "add", "u1@example.org", "--role", "staff"))
        self.fails(75, "users", "add", "U1@example.org", word="already")
        self.fails(65, "users", "add", "no address")
        self.fails(65, "users", "add", "u2@example.org", "--password-stdin", input="short\n")
        self.fails(64, "users", "add", "u2@example.org", "--password-stdin", input="")
        self.fails(64, "users", "add", "u2@example.org", "--role", "king")
        self.fails(64, "users", "add")
        made = self.d.ctl_json("users", "add", "u2@example.org", "--password-stdin", input="correct horse battery\n")
        self.d.ctl("users", "role", "u1@example.org", "admin")
        self.d.ctl("users", "role", made["id"], "staff")
        self.d.ctl("users", "disable", "u2@example.org")
        rows = {r["EMAIL"]: r for r in self.table("users", "list")}
        self.assertEqual((rows["u1@example.org"]["ROLE"], rows["u1@example.org"]["SIGN-IN"]), ("admin", "tokens only"))
        self.assertEqual((rows["u2@example.org"]["ROLE"], rows["u2@example.org"]["SIGN-IN"]), ("staff", "disabled"))
        self.d.ctl("users", "enable", "u2@example.org")
        self.d.ctl("users", "password", "u2@example.org", input="another long password\n")
        users = {u["email"]: u for u in self.d.ctl_json("users", "list")["users"]}
        self.assertEqual((users["u2@example.org"]["disabled"], users["u2@example.org"]["has_password"]), (False, True))
        for args in (["role", "nobody@example.org", "staff"], ["disable", "nobody@example.org"], ["enable", NOBODYS],
                     ["password", "nobody@example.org"]):
            self.fails(66, "users", *args, input="a good long password\n")
        self.fails(64, "users", "role", "u1@example.org", "king")
        self.fails(64, "users", "role", "u1@example.org")

    def test_tokens(self):
        self.d.add_user("t1@example.org")
        token = self.d.ctl("tokens", "add", "t1@example.org", "--name", "laptop").strip()
        self.assertEqual(self.d.get("/api/v1/jobs", token).status, 200)
        self.d.ctl("tokens", "add", "t1@example.org", "--name", "year", "--days", "365")
        rows = {r["NAME"]: r for r in self.table("tokens", "list", "t1@example.org")}
        self.assertEqual((rows["laptop"]["STATE"], rows["year"]["STATE"], len(rows)), ("works", "works", 2))
        self.assertNotIn(token, self.d.ctl("tokens", "list"))
        self.d.ctl("tokens", "revoke", rows["laptop"]["ID"])
        self.assertEqual(self.d.get("/api/v1/jobs", token).status, 401)
        self.fails(66, "tokens", "revoke", rows["laptop"]["ID"])
        listed = {t["name"]: t for t in self.d.ctl_json("tokens", "list", "t1@example.org")["tokens"]}
        self.assertIsNotNone(listed["laptop"]["revoked"])
        self.assertIsNotNone(listed["year"]["expires"])
        self.fails(66, "tokens", "add", "nobody@example.org", "--name", "x")
        for args in (["t1@example.org"], ["--name", "x"], ["t1@example.org", "--name", "x", "--days", "0"],
                     ["t1@example.org", "--name", "x", "--days", "3651"]):
            self.fails(64, "tokens", "add", *args)
        self.fails(65, "tokens", "add", "t1@example.org", "--name", "n" * 64)

    def test_outbox_and_audit(self):
        job = self.job(email="ann@example.org")
        wait_until(lambda: len(self.d.rows("SELECT 1 FROM outbox WHERE job = ? AND state = 'sent'", job)) == 2, "two mails")
        own = {m["id"]: m for m in self.d.ctl_json("outbox", "list", "--state", "sent")["outbox"] if m["job"] == job}
        self.assertEqual(sorted(m["kind"] for m in own.values()), ["received", "result"])
        rows = [r for r in self.table("outbox", "list") if r["ID"] in own]
        self.assertEqual([(r["STATE"], r["TO"]) for r in rows], [("sent", "ann@example.org")] * 2)
        self.assertEqual(self.d.ctl_json("outbox", "list", "--state", "bounced"), {"outbox": []})
        self.assertEqual(self.d.ctl("outbox", "list", "--state", "bounced"), "none\n")
        self.fails(66, "outbox", "retry", NOBODYS)
        self.fails(64, "outbox", "list", "x")
        audit = self.table("audit", "list")
        self.assertIn("user_add", {a["DID"] for a in audit})
        self.assertTrue(all(a["WHO"].startswith(("os:", "user:", "gaitd", "attempt:")) for a in audit))
        self.assertEqual(self.d.ctl_json("audit", "list")["audit"][0].keys(), {"seq", "at", "actor", "actor_email", "action", "object", "object_email",
                                                                                          "detail", "detail_email"})

    def test_actor_behind_sudo(self):
        if os.getuid() != 0:
            self.skipTest("only root is what sudo makes of one")
        self.d.ctl("users", "add", "sudo@example.org", env={"SUDO_USER": "grace"})
        self.assertEqual(self.d.rows("SELECT actor FROM audit ORDER BY seq DESC LIMIT 1")[0]["actor"], "os:grace")

    def test_config(self):
        self.d.ctl("config", "check")
        self.assertIn(str(self.d.data), self.d.ctl("config", "show"))
        self.assertIn("queue.max_attempts", self.d.ctl("config", "explain"))
        self.assertIn("queue.max_attempts", self.d.ctl("config", "explain", "queue.max_attempts"))
        for command in ("check", "show", "explain"):
            self.d.ctl_json("config", command)
        done = self.d.ctl_run("config", "check", settings={"queue.max_attempts": "0"})
        self.assertEqual(done.returncode, 78)
        self.assertIn("queue.max_attempts", done.stdout + done.stderr)
        self.fails(64, "config")
        self.assertIn(self.d.ctl_run("config", "explain", "no.such").returncode, (64, 66))

    def test_db(self):
        self.job()
        self.assertIn("sound", self.d.ctl("db", "check"))
        self.assertEqual(self.d.ctl_json("db", "check")["ok"], True)
        copy = self.d.root / "backup.sqlite"
        self.d.ctl("db", "backup", str(copy))
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        self.fails(75, "db", "backup", str(copy), word="exists")
        self.assertIn(self.d.ctl_run("db", "backup", "/no/such/folder/x").returncode, (66, 74))
        with sqlite3.connect(copy) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            self.assertEqual(db.execute("SELECT count(*) FROM jobs").fetchone()[0], self.d.count("jobs"))

    def test_usage(self):
        for args in ([], ["nonsense"], ["jobs"], ["jobs", "nonsense"], ["users"], ["tokens", "x"], ["db"], ["jobs", "show"],
                     ["jobs", "show", "a", "b"], ["status", "x"], ["doctor", "x"], ["--set", "x"]):
            with self.subTest(args):
                done = self.d.ctl_run(*args)
                self.assertEqual((done.returncode, done.stdout), (64, ""), done)
                self.assertTrue(done.stderr)
        text = self.d.ctl("--help")
        self.assertIn("usage: gaitctl", text)
        for command in COMMANDS:
            for word in command.replace(" ID", "").split():
                self.assertIn(word, text)
        self.assertTrue(self.d.ctl("--version").startswith("gaitctl "))


class Backup(unittest.TestCase):
    def test_taken_while_gaitd_works_and_started_from(self):
        with Gaitd("parked") as d:
            token = d.person()
            stop, made = threading.Event(), []

            def upload():
                while not stop.is_set():
                    made.append(d.new_job(token))
            thread = threading.Thread(target=upload)
            thread.start()
            try:
                wait_until(lambda: len(made) >= 3, "some jobs")
                before = list(made)
                d.ctl("db", "backup", str(d.root / "copy.sqlite"))
            finally:
                stop.set()
                thread.join(60)
            other = Gaitd("parked")
            self.addCleanup(other.close)
            other.data.mkdir(mode=0o700)
            (d.root / "copy.sqlite").rename(other.data / "gaitd.sqlite")
            (other.data / "server.key").write_bytes((d.data / "server.key").read_bytes())
            (other.data / "server.key").chmod(0o600)
            other.start()
            for job in before:
                self.assertEqual(other.get(f"/api/v1/jobs/{job}", token).status, 200)
            other.stop()


class Alone(unittest.TestCase):
    def test_without_a_house(self):
        d = Gaitd("parked")
        self.addCleanup(d.close)
        done = d.ctl_run("status")
        self.assertEqual(done.returncode, 66, done.stderr)
        self.assertFalse(d.data.exists(), "gaitctl made a data folder where a path was mistyped")

    def test_beside_a_gaitd_that_is_stopped(self):
        with Gaitd("parked", {"cluster.max_in_flight": "1"}) as d:
            token = d.person()
            first = d.new_job(token)
            d.attempt(first)
            second = d.new_job(token)
            d.stop()
            self.assertIn("is not running", d.ctl("status"))
            self.assertEqual(d.ctl_json("status")["gaitd_pid"], 0)
            self.assertIn("cancelled", d.ctl("jobs", "cancel", second))
            d.ctl("jobs", "erase", second)
            self.assertIn("cancelling", d.ctl("jobs", "cancel", first))
            d.start()
            d.wait_job(first, "cancelled")
            self.assertEqual(d.get(f"/api/v1/jobs/{second}", token).json["erased"], True)

    def test_first_account_before_the_first_start(self):
        d = Gaitd("parked")
        self.addCleanup(d.close)
        done = d.ctl_run("users", "add", "root@example.org", "--role", "admin")
        self.assertIn(done.returncode, (0, 66), done.stderr)
        if done.returncode == 66:
            self.assertIn("start gaitd once", done.stderr)


if __name__ == "__main__":
    main()
