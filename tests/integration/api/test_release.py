"""Release of results: who sees what, on every way that leads to a result, under each release.mode."""

import json
import threading
import unittest

import contract  # noqa: F401
import mailtext
from apitest import ApiTest, main
from gaitd import RESULT, Gaitd, wait_until

WAITS, STUDY, BACK = "A clinician reads the result first", "no individual results", "taken back"
FILES = ("result.json", "report.pdf", "overlay_front.mp4", "keypoints_side.tar.gz", "curves.svg")


def scored(value, secret="secret-9137"):
    """A result whose score and words can be recognised wherever they turn up."""
    result = json.loads(json.dumps(RESULT))
    result["score"]["value"] = value
    result["parameters"]["cadence"]["value"] = 91.37
    result["texts"] = {"x": secret}
    return result


class ReleaseTest(ApiTest):
    engines = "parked"
    settings = {"release.mode": "clinician"}

    def play(self, job, n=1, value=0.9137):
        attempt = self.d.attempt(job, n)
        self.assertEqual(attempt.checkin().status, 200)
        put = self.d.request("PUT", attempt.order["outputs"]["report.pdf"]["url"], body=b"%PDF score 0.9137")
        self.assertEqual(put.status, 201, put)
        done = attempt.complete(scored(value), score=None if value is None else str(value))
        self.assertEqual(done.status, 200, done)
        return job

    def done(self, token=None, **fields):
        return self.play(self.d.new_job(token or self.ann, **fields))

    def job(self, job, token=None):
        return self.d.get(f"/api/v1/jobs/{job}", token or self.ann).json

    def release(self, job, attempt=1, comment="", token=None, **more):
        return self.d.request("POST", f"/api/v1/jobs/{job}/release", token or self.staff,
                              json_body={"attempt": attempt, "comment": comment, **more})

    def withdraw(self, job, reason="wrong film", token=None):
        return self.d.request("POST", f"/api/v1/jobs/{job}/withdraw", token or self.staff, json_body={"reason": reason})

    def sees_nothing(self, job, token, words):
        """No way leads to what the result says, for @token."""
        base, texts = f"/api/v1/jobs/{job}", []
        for path in ("result", *(f"files/{f}" for f in FILES), "files/nothing.txt"):
            for headers in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": "*"}, {"If_None_Match": '"' + "0" * 64 + '"'}):
                answer = self.d.get(f"{base}/{path}", token, **headers)
                self.refused(answer, 403, words)
                self.assertNotIn("ETag", answer.headers)
                texts.append(answer.text)
            head = self.d.request("HEAD", f"{base}/{path}?inline", token)
            self.assertEqual((head.status, head.body, head.headers["ETag"]), (403, b"", None))
        shown = self.d.get(base, token)
        listed = self.d.get("/api/v1/jobs?limit=100", token)
        self.assertEqual(shown.json["files"], [])
        row = next(j for j in listed.json["jobs"] if j["id"] == job)
        for j in (shown.json, row):
            self.assertNotIn("result", j)
            self.assertEqual(j["release"]["shown"], None)
            self.assertEqual(j["release"]["comment"], None)
            self.assertNotIn("by", j["release"])
            self.assertNotIn("reason", j["release"])
        with self.d.events(token, job) as live:
            last = self.d.rows("SELECT max(seq) AS n FROM events WHERE job = ?", job)[0]["n"]
            texts += [json.dumps(e) for e in live.until(lambda e: e["data"]["seq"] == last)]
        texts += [shown.text, json.dumps(row), json.dumps(self.d.rows("SELECT text FROM events WHERE job = ?", job))]
        texts += [mailtext.text_of(m) + mailtext.html_of(m) for m in self.d.mails() if job in m["Message-ID"]]
        for text in texts:
            for secret in ("0.9137", "91.37", "secret"):
                self.assertNotIn(secret, text)
        return shown.json


class Clinician(ReleaseTest):
    def test_nothing_before_everything_after(self):
        job = self.done(result_by_email="score")
        seen = self.sees_nothing(job, self.ann, WAITS)
        self.assertEqual(seen["status"]["value"], "complete")
        self.assertEqual(seen["release"], {"state": "waiting", "attempt": 1, "shown": None, "comment": None, "at": None})
        staff = self.job(job, self.staff)
        self.assertEqual((staff["result"]["score"], staff["release"]["state"]), (0.9137, "waiting"))
        self.assertEqual({f["name"] for f in staff["files"]}, {"result.json", "report.pdf"})
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/result", self.staff).json["score"]["value"], 0.9137)
        tag = self.d.get(f"/api/v1/jobs/{job}", self.ann).headers["ETag"]

        answer = self.release(job, comment="Walks well.\nCome back in May. ñ")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["release"]["by"], "staff@example.org")
        changed = self.d.get(f"/api/v1/jobs/{job}", self.ann, If_None_Match=tag)
        self.assertEqual(changed.status, 200)
        seen = changed.json
        self.assertEqual((seen["release"]["state"], seen["release"]["shown"], seen["release"]["comment"]),
                         ("released", 1, "Walks well.\nCome back in May. ñ"))
        self.assertNotIn("by", seen["release"])
        self.assertNotIn("staff@example.org", changed.text)
        self.assertEqual(seen["result"]["score"], 0.9137)
        self.assertEqual({f["name"] for f in seen["files"]}, {"result.json", "report.pdf"})
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/result", self.ann).json["score"]["value"], 0.9137)
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/files/report.pdf", self.ann, Range="bytes=0-3").body, b"%PDF")

    def test_mails(self):
        job = self.done(result_by_email="score", email="ann@example.org")
        ordinal = self.d.job_row(job)["ordinal"]

        def mails():
            wait_until(lambda: not self.d.rows("SELECT 1 FROM outbox WHERE job = ? AND state = 'pending'", job), "its mails")
            return {m["Message-ID"].split("@")[0][1:]: m for m in self.d.mails() if job in m["Message-ID"]}
        words = {"ordinal": ordinal, "url": f"{self.d.url}/jobs/{job}", "job": job}
        before = mails()
        self.assertEqual(set(before), {f"received.{job}.0", f"analysed.{job}.1"})
        mail = before[f"analysed.{job}.1"]
        self.assertEqual(mail["Subject"], f"Request no. {ordinal} has been analysed")
        self.assertEqual(mailtext.text_of(mail), mailtext.ANALYSED.format(**words))
        self.assertIn("A clinician reads the result now.", mailtext.html_of(mail))
        self.release(job, comment="private words")
        after = mails()
        self.assertEqual(set(after) - set(before), {f"result.{job}.1"})
        self.assertEqual(mailtext.text_of(after[f"result.{job}.1"]), mailtext.RESULT.format(
            **words, score=mailtext.COMMENTED + mailtext.SCORE.format(score="0.91") + mailtext.DEMONSTRATION))
        self.assertNotIn("private", mailtext.html_of(after[f"result.{job}.1"]))
        # Taken back and released once more: a mail more, since the first one's link led nowhere meanwhile.
        self.withdraw(job)
        self.release(job)
        self.assertEqual(set(mails()) - set(after), {f"result.{job}.1.2"})
        self.assertEqual({m["To"] for m in mails().values()}, {"ann@example.org"})

    def test_same_again_changes_nothing_and_another_comment_replaces_it(self):
        job = self.done()
        first = self.release(job, comment="one").json
        events, audit = self.count_events(job), self.d.count("audit")
        again = self.release(job, comment="one")
        self.assertEqual((again.status, again.json["version"]), (200, first["version"]))
        self.assertEqual((self.count_events(job), self.d.count("audit")), (events, audit))
        other = self.release(job, comment="two").json
        self.assertEqual(other["release"]["comment"], "two")
        self.assertGreater(other["version"], first["version"])
        self.assertEqual(self.job(job)["release"]["comment"], "two")
        self.assertEqual(len(self.d.rows("SELECT 1 FROM outbox WHERE job = ? AND kind = 'result'", job)), 1)
        back = self.withdraw(job).json
        self.assertEqual(self.withdraw(job, "another reason").json["version"], back["version"])

    def test_only_what_was_read_is_released(self):
        job = self.done()
        self.release(job, comment="of the first")
        self.assertEqual(self.d.request("POST", f"/api/v1/jobs/{job}/rerun", self.ann).status, 202)
        self.assertEqual(self.job(job)["result"]["attempt"], 1)
        self.play(job, 2, 0.25)
        seen = self.job(job)
        self.assertEqual((seen["release"]["state"], seen["release"]["attempt"], seen["release"]["shown"]), ("waiting", 2, 1))
        self.assertEqual((seen["result"]["attempt"], seen["result"]["score"]), (1, 0.9137))
        self.assertEqual(seen["release"]["comment"], "of the first")
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/result", self.ann).json["score"]["value"], 0.9137)
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/result", self.staff).json["score"]["value"], 0.25)
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}/files/result.json", self.ann).json["score"]["value"], 0.9137)
        self.refused(self.release(job, 1), 409, "attempt 2")
        self.refused(self.release(job, 3), 409)
        self.assertEqual(self.release(job, 2).status, 200)
        seen = self.job(job)
        self.assertEqual((seen["result"]["attempt"], seen["result"]["score"], seen["release"]["comment"]), (2, 0.25, None))
        # What was taken back does not bring the older one up again.
        self.withdraw(job)
        self.sees_nothing(job, self.ann, BACK)

    def test_what_is_shown_can_be_taken_back_while_a_newer_one_waits(self):
        job = self.done()
        self.release(job)
        self.d.request("POST", f"/api/v1/jobs/{job}/rerun", self.ann)
        self.play(job, 2, 0.25)
        self.assertEqual(self.withdraw(job).json["release"]["state"], "waiting")
        self.sees_nothing(job, self.ann, WAITS)
        self.assertEqual(self.release(job, 2).status, 200)

    def test_withdraw(self):
        job = self.done()
        self.refused(self.withdraw(job), 409, "sees no result")
        self.release(job, comment="secret-9137")
        answer = self.withdraw(job, "  mixed up two children ")
        self.assertEqual((answer.json["release"]["state"], answer.json["release"]["reason"]),
                         ("withdrawn", "  mixed up two children "))
        seen = self.sees_nothing(job, self.ann, BACK)
        self.assertEqual(seen["release"]["state"], "withdrawn")
        self.assertIsNotNone(seen["release"]["at"])
        self.assertNotIn("mixed up", json.dumps(seen))
        row = self.d.rows("SELECT * FROM audit WHERE action = 'result_withdraw' AND object = ?", job)[0]
        self.assertEqual(row["detail"], "attempt 1:   mixed up two children ")
        self.assertTrue(row["actor"].startswith("user:"))
        self.refused(self.withdraw(job, " \n"), 422)
        self.refused(self.withdraw(job, "x" * 201), 422)
        self.refused(self.d.request("POST", f"/api/v1/jobs/{job}/withdraw", self.staff, json_body={}), 422)

    def test_no_mail_leaves_about_what_was_taken_back(self):
        with Gaitd("parked", {**self.settings, "mail.driver": "smtp", "mail.smtp_host": "127.0.0.1", "mail.smtp_port": "1",
                              "mail.smtp_security": "none"}) as d:
            ann, staff = d.person(), d.person("staff@example.org", "staff")
            job = d.new_job(ann, result_by_email="score", email="ann@example.org")
            attempt = d.attempt(job)
            attempt.checkin(), attempt.complete()
            d.request("POST", f"/api/v1/jobs/{job}/release", staff, json_body={"attempt": 1})
            d.request("POST", f"/api/v1/jobs/{job}/withdraw", staff, json_body={"reason": "r"})
            states = {r["kind"]: r["state"] for r in d.rows("SELECT kind, state FROM outbox WHERE job = ?", job)}
            self.assertEqual(states, {"received": "pending", "analysed": "pending", "result": "dropped"})
            # One that an operator forces all the same: the notifier looks again.
            d.write("UPDATE outbox SET state = 'pending', due_ms = 1 WHERE kind = 'result'")
            d.settings["mail.driver"] = "maildir"
            d.restart()
            wait_until(lambda: not d.rows("SELECT 1 FROM outbox WHERE state = 'pending'"), "no mail that waits")
            self.assertEqual(d.rows("SELECT state FROM outbox WHERE kind = 'result'")[0]["state"], "dropped")
            self.assertEqual(len(d.mails()), 2)

    def test_no_mail_says_that_it_waits_once_it_is_released(self):
        with Gaitd("parked", {**self.settings, "mail.driver": "smtp", "mail.smtp_host": "127.0.0.1", "mail.smtp_port": "1",
                              "mail.smtp_security": "none"}) as d:
            ann, staff = d.person(), d.person("staff@example.org", "staff")
            job = d.new_job(ann)
            attempt = d.attempt(job)
            attempt.checkin(), attempt.complete()
            d.request("POST", f"/api/v1/jobs/{job}/release", staff, json_body={"attempt": 1})
            d.write("UPDATE outbox SET due_ms = 1")
            d.settings["mail.driver"] = "maildir"
            d.restart()
            wait_until(lambda: not d.rows("SELECT 1 FROM outbox WHERE state = 'pending'"), "no mail that waits")
            self.assertEqual({r["kind"]: r["state"] for r in d.rows("SELECT kind, state FROM outbox")},
                             {"received": "sent", "analysed": "dropped", "result": "sent"})

    def test_rights(self):
        job = self.done()
        bob = self.d.person("bob@example.org")
        admin = self.d.person("admin@example.org", "admin")
        for token, status in ((self.ann, 403), (bob, 403), (None, 401)):
            self.refused(self.release(job, token=token) if token else self.d.request(
                "POST", f"/api/v1/jobs/{job}/release", json_body={"attempt": 1}), status)
            if token:
                self.refused(self.withdraw(job, token=token), status)
        self.refused(self.d.get(f"/api/v1/jobs/{job}/result", bob), 404)
        self.refused(self.release("01m80egremq45n0ja0qmwbpy56"), 404)
        self.assertEqual(self.release(job, token=admin).status, 200)

    def test_own_job_of_staff(self):
        """One who films and reads alike: nobody else may be there to release it. The audit tells."""
        job = self.done(self.staff)
        own = self.job(job, self.staff)
        self.assertEqual((own["release"]["state"], own["result"]["score"]), ("waiting", 0.9137))
        self.assertEqual(self.release(job).status, 200)
        self.assertEqual(self.d.rows("SELECT detail FROM audit WHERE object = ? AND action = 'result_release'", job)[0]["detail"],
                         "attempt 1, own job")

    def test_staff_who_are_no_longer_staff_see_what_submitters_see(self):
        eve = self.d.person("eve@example.org", "staff")
        job = self.done(eve)
        self.assertIn("result", self.job(job, eve))
        self.d.ctl("users", "role", "eve@example.org", "submitter")
        self.sees_nothing(job, eve, WAITS)

    def test_wrong_bodies(self):
        job = self.done()
        self.assertEqual(self.release(job, comment="ü" * 4000).status, 200)
        self.assertEqual(self.release(job, comment="\U0001d11e" * 4000).status, 200)
        for body in ({}, {"attempt": 0}, {"attempt": -1}, {"attempt": "1"}, {"attempt": 1.5}, {"attempt": 2 ** 40},
                     {"attempt": 1, "comment": 3}, {"attempt": 1, "comment": "x" * 4001}, {"attempt": 1, "comment": "\x07"},
                     {"attempt": None}):
            with self.subTest(str(body)[:60]):
                self.refused(self.d.request("POST", f"/api/v1/jobs/{job}/release", self.staff, json_body=body), 422)
        self.refused(self.d.request("POST", f"/api/v1/jobs/{job}/release", self.staff,
                                    json_body={"attempt": 1, "comment": "x" * 70000}), 413)

    def test_a_null_score_waits_too(self):
        job = self.d.new_job(self.ann)
        self.play(job, value=None)
        self.assertNotIn("result", self.job(job))
        self.assertIsNone(self.job(job, self.staff)["result"]["score"])

    def test_not_yet_and_no_more(self):
        job = self.d.new_job(self.ann)
        self.refused(self.release(job), 409, "no result yet")
        self.refused(self.withdraw(job), 409, "no result yet")
        self.refused(self.d.get(f"/api/v1/jobs/{job}/result", self.ann), 404)
        self.assertNotIn("release", self.job(job))
        self.play(job)
        self.release(job, comment="of a person")
        self.d.request("DELETE", f"/api/v1/jobs/{job}", self.ann)
        self.refused(self.release(job), 409, "erased")
        self.refused(self.withdraw(job), 409, "erased")
        self.assertNotIn("release", self.job(job))
        self.assertEqual(self.d.rows("SELECT * FROM releases WHERE job = ?", job), [])
        self.assertNotIn(b"of a person", (self.d.data / "gaitd.sqlite").read_bytes())

    def test_list_of_what_waits(self):
        before = self.d.get("/api/v1/jobs?release=waiting&limit=100", self.staff).json
        jobs = [self.done() for _ in range(3)]
        self.release(jobs[1])
        page = self.d.get("/api/v1/jobs?release=waiting&limit=1", self.staff).json
        self.assertEqual(page["waiting"], before["waiting"] + 2)
        self.assertEqual([j["id"] for j in page["jobs"]], [jobs[2]])
        page = self.d.get(f"/api/v1/jobs?release=waiting&limit=1&before={page['next']}", self.staff).json
        self.assertEqual([j["id"] for j in page["jobs"]], [jobs[0]])
        own = self.d.get("/api/v1/jobs?release=released&limit=1", self.ann).json
        self.assertEqual(([j["id"] for j in own["jobs"]], "waiting" in own), ([jobs[1]], False))
        for wrong in ("release=", "release=x", "release=none"):
            self.refused(self.d.get(f"/api/v1/jobs?{wrong}", self.staff), 422)

    def test_the_stream_tells_at_once(self):
        job = self.done()
        last = self.d.rows("SELECT max(seq) AS n FROM events WHERE job = ?", job)[0]["n"]
        with self.d.events(self.ann, job, last) as live:
            threading.Thread(target=lambda: (self.release(job, comment="hush"), self.withdraw(job))).start()
            notes = live.until(lambda e: "taken back" in e["data"]["text"])
        self.assertEqual([(e["event"], e["data"]["text"]) for e in notes],
                         [("note", "A clinician has released the result."), ("note", "The result was taken back.")])
        self.assertNotIn("hush", json.dumps(notes))

    def test_gaitctl(self):
        job = self.done()
        shown = self.d.ctl("jobs", "show", job)
        self.assertIn("release: waiting (attempt 1)", shown)
        self.assertIn("score 0.91", shown)
        self.assertIn(job, self.d.ctl("jobs", "list", "--release", "waiting"))
        waiting = self.d.get("/api/v1/jobs?limit=1", self.staff).json["waiting"]
        self.assertEqual(self.d.ctl_json("status")["release"]["waiting"], waiting)
        self.assertIn(f"release   {waiting} results wait", self.d.ctl("status"))
        self.assertIn(f"gaitd_results_waiting {waiting}\n", self.d.get("/metrics", self.staff).text)
        self.assertEqual(self.d.ctl_run("jobs", "list", "--release", "soon").returncode, 64)
        self.assertEqual(self.d.ctl_run("jobs", "release", job, "--attempt", "2").returncode, 75)
        self.d.ctl("jobs", "release", job, "--comment-stdin", input="Reads well.\nReally.\n\n")
        self.assertEqual(self.job(job)["release"]["comment"], "Reads well.\nReally.")
        shown = self.d.ctl("jobs", "show", job)
        self.assertIn("released by os:", shown)
        self.assertIn("comment: Reads well.", shown)
        self.assertNotIn(job, self.d.ctl("jobs", "list", "--release", "waiting"))
        self.assertEqual(self.d.ctl_json("jobs", "show", job)["release"]["state"], "released")
        self.assertEqual(self.d.ctl_run("jobs", "withdraw", job).returncode, 64)
        self.d.ctl("jobs", "withdraw", job, "--reason", "a slip")
        self.sees_nothing(job, self.ann, BACK)
        self.assertIn("reason: a slip", self.d.ctl("jobs", "show", job))
        too_long = self.d.ctl_run("jobs", "release", job, "--comment-stdin", input="x" * 4001)
        self.assertEqual(too_long.returncode, 65)


class Research(ReleaseTest):
    settings = {"release.mode": "research"}

    def test_never(self):
        job = self.done(result_by_email="score", email="ann@example.org")
        seen = self.sees_nothing(job, self.ann, STUDY)
        self.assertEqual(seen["release"]["state"], "withheld")
        self.assertEqual(self.job(job, self.staff)["result"]["score"], 0.9137)
        self.refused(self.release(job), 409, "research")
        self.refused(self.withdraw(job), 409)
        self.assertEqual(self.d.ctl_run("jobs", "release", job).returncode, 75)
        mails = {m["Message-ID"].split(".")[0][1:]: m for m in self.d.wait_mails(2)}
        self.assertEqual(set(mails), {"received", "analysed"})
        self.assertIn("This study gives no individual results", mailtext.text_of(mails["analysed"]))
        self.assertNotIn("clinician reads", mailtext.text_of(mails["analysed"]))
        self.sees_nothing(job, self.ann, STUDY)


class Modes(unittest.TestCase):
    """What was complete stays what it was then, whatever the operator sets later."""

    def setUp(self):
        self.d = Gaitd("parked", {"release.mode": "direct"})
        self.d.start()
        self.addCleanup(self.d.close)
        self.ann, self.staff = self.d.person(), self.d.person("staff@example.org", "staff")

    def finish(self, job, n=1, value=0.5):
        attempt = self.d.attempt(job, n)
        attempt.checkin()
        self.assertEqual(attempt.complete(scored(value), score=str(value)).status, 200)

    def mode(self, mode):
        self.d.settings["release.mode"] = mode
        self.d.restart()

    def shown(self, job):
        j = self.d.get(f"/api/v1/jobs/{job}", self.ann).json
        return j["release"]["state"], j["release"]["shown"], self.d.get(f"/api/v1/jobs/{job}/result", self.ann).status

    def act(self, job, what, **body):
        return self.d.request("POST", f"/api/v1/jobs/{job}/{what}", self.staff, json_body=body)

    def test_each_change(self):
        jobs = {}
        for mode, state in (("direct", ("direct", 1, 200)), ("clinician", ("waiting", None, 403)), ("research", ("withheld", None, 403))):
            self.mode(mode)
            jobs[mode] = self.d.new_job(self.ann)
            self.finish(jobs[mode])
            self.assertEqual(self.shown(jobs[mode]), state)
        for mode in ("direct", "clinician", "research"):
            self.mode(mode)
            self.assertEqual([self.shown(jobs[m])[0] for m in jobs], ["direct", "waiting", "withheld"])
        # In research mode still: what waited is still a clinician's to release.
        self.assertEqual(self.act(jobs["clinician"], "release", attempt=1).status, 200)
        self.assertEqual(self.shown(jobs["clinician"]), ("released", 1, 200))
        self.assertEqual(self.act(jobs["direct"], "release", attempt=1).status, 409)
        # A new analysis is a new result, under the mode that is set then; the old one stays.
        self.assertEqual(self.d.request("POST", f"/api/v1/jobs/{jobs['direct']}/rerun", self.ann).status, 202)
        self.finish(jobs["direct"], 2, 0.25)
        self.assertEqual(self.shown(jobs["direct"]), ("withheld", 1, 200))
        self.assertEqual(self.d.get(f"/api/v1/jobs/{jobs['direct']}", self.ann).json["result"]["score"], 0.5)
        # A result that went out directly can be taken back, and then released.
        self.assertEqual(self.act(jobs["direct"], "withdraw", reason="r").status, 200)
        self.assertEqual(self.shown(jobs["direct"]), ("withheld", None, 403))
        self.d.stop()

    def test_a_direct_one_taken_back_and_given_again(self):
        job = self.d.new_job(self.ann)
        self.finish(job)
        self.assertEqual(self.act(job, "withdraw", reason="r").json["release"]["state"], "withdrawn")
        self.assertEqual(self.shown(job), ("withdrawn", None, 403))
        self.assertEqual(self.act(job, "release", attempt=1).status, 200)
        self.assertEqual(self.shown(job), ("released", 1, 200))
        self.d.stop()


if __name__ == "__main__":
    main()
