"""Mails: one an event, word for word, to whom they may go, with nothing that does not belong there."""

import json
import unittest

import contract  # noqa: F401
import mailtext
from gaitd import RESULT, Gaitd, main, wait_until

KEEP = {"Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language", "MIME-Version",
        "Content-Type"}


class Mail(unittest.TestCase):
    def run_job(self, d, token, result=None, failure=None, **fields):
        """A job played to its end: its mails by kind, and what their texts are filled with."""
        job = d.new_job(token, **fields)
        attempt = d.attempt(job)
        self.assertEqual(attempt.checkin().status, 200)
        if failure:
            answer = attempt.fail(*failure)
        else:
            value = (result or RESULT)["score"]["value"]
            answer = attempt.complete(result, score=None if value is None else str(value))
        self.assertEqual(answer.status, 200, answer)
        wait_until(lambda: len(d.rows("SELECT 1 FROM outbox WHERE job = ? AND state = 'sent'", job)) == 2, "two mails")
        mails = {m["Message-ID"][1:].split(".")[0]: m for m in d.mails() if job in m["Message-ID"]}
        return mails, {"job": job, "ordinal": d.job_row(job)["ordinal"], "url": f"{d.url}/jobs/{job}"}

    def test_received_and_result_with_the_score_that_was_asked_for(self):
        with Gaitd("parked") as d:
            token = d.person()
            mails, words = self.run_job(d, token, email="ann@example.org", result_by_email="score", notes="secret", height="183cm")
            self.assertEqual(mailtext.text_of(mails["received"]), mailtext.RECEIVED.format(**words))
            self.assertEqual(mailtext.text_of(mails["result"]), mailtext.RESULT.format(
                **words, score=mailtext.SCORE.format(score="0.75") + mailtext.DEMONSTRATION))
            for kind, mail in mails.items():
                self.assertEqual(set(mail.keys()), KEEP)
                self.assertEqual((mail["To"], mail["From"], mail["Auto-Submitted"]),
                                 ("ann@example.org", "gaitd <gaitd@localhost.localdomain>", "auto-generated"))
                self.assertIn(words["url"], mailtext.html_of(mail))
                for fact in ("secret", "183", "40 years", "68"):
                    self.assertNotIn(fact, mailtext.text_of(mail).replace(words["job"], "").replace(d.url, ""))
            self.assertEqual([m["Subject"] for m in (mails["received"], mails["result"])],
                             ["Request no. 1 has arrived", "Request no. 1 is done"])
            for path in (d.data / "mail" / "new").iterdir():
                self.assertLessEqual(max(len(line.rstrip(b"\r")) for line in path.read_bytes().split(b"\n")), 78)

    def test_a_link_where_no_score_was_asked_for(self):
        with Gaitd("parked") as d:
            mails, words = self.run_job(d, d.person())
            self.assertEqual(mailtext.text_of(mails["result"]), mailtext.RESULT.format(**words, score=""))
            self.assertNotIn("Score", mailtext.html_of(mails["result"]))

    def test_the_operator_forces_links(self):
        with Gaitd("parked", {"mail.send_score": "no"}) as d:
            mails, words = self.run_job(d, d.person(), result_by_email="score")
            self.assertEqual(mailtext.text_of(mails["result"]), mailtext.RESULT.format(**words, score=""))
            self.assertNotIn("Score", mailtext.html_of(mails["result"]))

    def test_no_score_with_its_reasons(self):
        result = json.loads(json.dumps(RESULT))
        result["score"].update(value=None, reasons=[{"code": "a", "text": "Too few steps <2> & more."}, {"code": "b", "text": "Wrong view."}])
        with Gaitd("parked") as d:
            mails, words = self.run_job(d, d.person(), result, result_by_email="score")
            text = mailtext.text_of(mails["result"])
            self.assertIn(mailtext.NO_SCORE.format(reasons="- Too few steps <2> & more.\n- Wrong view.\n"), text)
            self.assertIn("Too few steps &lt;2&gt; &amp; more.", mailtext.html_of(mails["result"]))

    def test_failure(self):
        with Gaitd("parked") as d:
            reason = "The front video <b>could not</b> be read."
            mails, words = self.run_job(d, d.person(), failure=("not_a_video", reason, "log of the node"))
            self.assertEqual(mailtext.text_of(mails["failure"]), mailtext.FAILURE.format(**words, reason=reason))
            self.assertIn("&lt;b&gt;could not&lt;/b&gt;", mailtext.html_of(mails["failure"]))
            self.assertNotIn("log of the node", mailtext.text_of(mails["failure"]) + mailtext.html_of(mails["failure"]))

    def test_one_a_kind_over_retries_reruns_and_restarts(self):
        with Gaitd("parked", {"queue.max_attempts": "2"}) as d:
            token = d.person()
            job = d.new_job(token)
            first = d.attempt(job)
            first.checkin(), first.fail("pose_failed", "It failed.")
            second = d.attempt(job, 2)
            second.checkin(), second.complete()
            d.wait_mails(2)
            d.restart()
            d.request("POST", f"/api/v1/jobs/{job}/rerun", token)
            third = d.attempt(job, 3)
            third.checkin(), third.complete()
            mails = d.wait_mails(3)
            self.assertEqual(sorted(m["Message-ID"].split("@")[0][1:] for m in mails),
                             [f"received.{job}.0", f"result.{job}.2", f"result.{job}.3"])

    def test_no_mail_of_what_was_cancelled_or_erased(self):
        with Gaitd("parked") as d:
            token = d.person()
            job = d.new_job(token)
            d.wait_mails(1)
            d.request("POST", f"/api/v1/jobs/{job}/cancel", token)
            d.wait_job(job, "cancelled")
            d.request("DELETE", f"/api/v1/jobs/{job}", token)
            d.restart()
            self.assertEqual(len(d.mails()), 1)


if __name__ == "__main__":
    main()
