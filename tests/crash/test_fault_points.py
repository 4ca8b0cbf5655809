"""gaitd is killed by SIGKILL at every durable step from the upload to the mail, started again, and must end as if nothing
had happened: one job, run once, one mail of each kind, nothing left lying about.

Each case is one fault point (FAULT_POINT in src/) and how many times it is passed before it kills. The client is one as
the manual recommends: when no answer came it sends the same upload again under the same Idempotency-Key.
"""

import concurrent.futures
import hashlib
import http.client
import os
import pathlib
import re
import shutil
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gaitd  # noqa: E402
import tus  # noqa: E402
from gaitd import Gaitd, wait_until  # noqa: E402

# How often each is passed at least on the way of one upload; every one of these times is a case. "late" ones are passed
# by the reaper after the result mail.
POINTS = {
    "fsx.before_fsync": 2, "fsx.before_rename": 2, "fsx.after_rename": 2, "fsx.after_sync": 2,
    "intake.files_durable": 1,
    "store.before_commit": 14, "store.after_commit": 14,
    "worker.before_submit": 1, "worker.after_submit": 1,
    "blob_dir.tmp_made": 2, "blob_dir.linked": 2, "blob_dir.visible": 2, "blob_dir.done": 2, "blob_dir.written": 1,
    "fsx.new_before_fsync": 3, "fsx.new_before_rename": 2, "fsx.new_after_rename": 2,
    "stager.after_put": 2, "stager.before_unlink": 2,
    "cluster_local.after_mkdir": 1, "cluster_local.before_start": 1, "cluster_local.after_start": 1,
    "completion.result_stored": 1, "completion.committed": 1,
    "notify.before_send": 2, "notify.after_send": 2,
    "mail_maildir.tmp_made": 2, "mail_maildir.written": 2, "mail_maildir.done": 2,
    "cluster_local.in_forget": 1,
}
# The same where the node has no way out: what goes there and comes back.
RELAYED = {"cluster_local.put_written": 3, "relay.put": 3, "stager.relayed": 1, "fetcher.stored": 5,
           "cluster_local.in_forget": 1}
# The same where the videos come in pieces that resume: each is made, and brought in two. Commits: these and the job's.
PIECES = {"resumable.before_sync": 6, "resumable.synced": 6, "resumable.acknowledged": 6,
          "store.before_commit": 8, "store.after_commit": 8}
# Of a complete job, after that: a video in place of another up to the new result, and a release up to its mail. Commits: those
# of the start before the request among them.
REPLACED = {"store.before_commit": 10, "store.after_commit": 10, "stager.after_put": 1, "stager.before_unlink": 1,
            "worker.after_submit": 1, "completion.result_stored": 1, "completion.committed": 1, "blob_dir.unlinked": 1,
            "replace.removed": 1, "notify.before_send": 1}
RELEASED = {"store.before_commit": 2, "store.after_commit": 2, "notify.before_send": 1, "notify.after_send": 1}
# Not on this way: erasing, the first start and the supervisor have tests of their own below.
ELSEWHERE = {"resumable.row_removed", "blob_dir.removed", "migrations.before_commit", "supervise.after_lock", "cluster_run.after_started"}
# Of drivers that are not the default: their contract suites kill at each of them (put_faults, remove_faults).
ELSEWHERE |= {"blob_s3." + name for name in
              ("summed", "put", "upload_made", "part", "parts_sent", "completed", "removed")}
ELSEWHERE |= {"blob_libs3.hashed", "blob_libs3.put", "blob_libs3.removed"}
ELSEWHERE |= {"mail_smtp.before_send", "mail_smtp.after_send", "mail_http.before_send", "mail_http.after_send"}

TOGETHER = 3  # cases at once: most of a case is waiting for processes


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Template:
    """A data folder with an account, made once and copied for every case."""

    def __init__(self):
        with Gaitd() as d:
            self.token = d.person()
            d.stop()
            self.copy = pathlib.Path(tempfile.mkdtemp(prefix="gaitd-crash-")) / "data"
            shutil.copytree(d.data, self.copy)

    def remove(self):
        shutil.rmtree(self.copy.parent, ignore_errors=True)

    def house(self, **settings):
        # The attempts call the address that they were given, so it stays the same over a restart.
        d = Gaitd(settings={"http.listen": f"127.0.0.1:{free_port()}", "cluster.status_interval": "300ms", **settings})
        shutil.copytree(self.copy, d.data)
        return d


class Form:
    """A client that sends everything again."""

    def send(self, d, token, key="crash-1"):
        """The job's id, or None where the server went away before it answered."""
        try:
            answer = self.ask(d, token, key)
        except (OSError, http.client.HTTPException):
            return None
        if answer.status != 202:
            raise AssertionError(f"upload: {answer}")
        return answer.json["id"]

    def ask(self, d, token, key):
        return d.upload(token, headers={"Idempotency-Key": key})

    def check(self, d, job):
        pass


class Pieces(Form):
    """One that goes on where it was: tus.Upload complains where an acknowledged byte is gone."""

    def __init__(self):
        self.films = {v: gaitd.video(seed=v) for v in ("front", "side")}
        self.uploads = [tus.Upload(data, 2000, Upload_Metadata=tus.metadata(view=v)) for v, data in self.films.items()]

    def ask(self, d, token, key):
        for u in self.uploads:
            while u.acknowledged < len(u.data):
                if u.step(d, token) is None:
                    raise OSError("the connection broke")
        return tus.make_job(d, token, *(u.url for u in self.uploads), key)

    def check(self, d, job):
        rows = {r["view"]: r["sha256"] for r in d.rows("SELECT view, sha256 FROM videos WHERE job = ?", job)}
        if rows != {v: hashlib.sha256(data).digest() for v, data in self.films.items()}:
            raise AssertionError("the videos are not those that were sent")
        for r in d.rows("SELECT view, blob_key FROM videos WHERE job = ?", job):
            if (d.data / "blobs" / "blobs" / r["blob_key"]).read_bytes() != self.films[r["view"]]:
                raise AssertionError(f"the {r['view']} video in the store is another one")
        # One that was made without the client's hearing of it: nobody goes on with it, and it expires.
        d.write("UPDATE uploads SET expires_ms = 1")


def check_spool_matches_rows(d):
    """No half: a row's files are all there, and every file is a row's."""
    names = {r["spool_name"] for r in d.rows("SELECT spool_name FROM videos WHERE spool_name IS NOT NULL")}
    missing = names - set(d.files("spool"))
    if missing:
        raise AssertionError(f"acknowledged, but gone: {missing}")
    for r in d.rows("SELECT spool_name, offset FROM uploads"):
        if (d.data / "spool" / r["spool_name"]).stat().st_size < r["offset"]:
            raise AssertionError(f"an upload lost acknowledged bytes: {r}")


def finish(d, token, job, client):
    """After the restart: the client asks again, and everything comes to its end. What is wrong is an AssertionError."""
    again = client.send(d, token)
    if job and again != job:
        raise AssertionError(f"the same Idempotency-Key gave {job} and then {again}")
    job = again
    if d.count("jobs") != 1:
        raise AssertionError(f"{d.count('jobs')} jobs")
    d.wait_job(job, "complete")
    mails = d.wait_mails(2)
    if len(mails) != 2 or len({m["Message-ID"] for m in mails}) != 2:
        raise AssertionError(f"mails: {[m['Message-ID'] for m in mails]}")
    kinds = sorted(m["Message-ID"].strip("<").split(".")[0] for m in mails)
    if kinds != ["received", "result"]:
        raise AssertionError(f"mails: {kinds}")
    runs = sorted(d.engine_runs())
    if runs != ["run front.mp4 behave:ok", "run side.mp4 behave:ok"]:
        raise AssertionError(f"the engine ran {runs}\n{d.history(job)}")
    if d.count("attempts") != 1:
        raise AssertionError(f"attempts: {d.rows('SELECT * FROM attempts')}")
    client.check(d, job)
    nothing_left(d)


def attempt_files(d):
    """All but the files that places in the queue are made of. glob passes over names that begin with a dot."""
    return [n for _, folders, files in os.walk(d.data / "attempts") for n in folders + files
            if not n.startswith((".slot", ".turn"))]


def nothing_left(d):
    wait_until(lambda: not d.files("spool"), lambda: f"an empty spool: {d.files('spool')}")
    wait_until(lambda: not attempt_files(d),
               lambda: f"no attempt's folder: {d.files('attempts')}\n{d.stderr()[-3000:]}")
    wait_until(lambda: not [f for f in d.files("blobs") if f.startswith("tmp/")], lambda: f"{d.files('blobs')}")
    stored = {r["blob_key"] for r in d.rows("SELECT blob_key FROM videos UNION SELECT blob_key FROM outputs")}
    found = {f.removeprefix("blobs/") for f in d.files("blobs") if f.startswith("blobs/")}
    if stored != found:
        raise AssertionError(f"blobs: rows {sorted(stored)}, files {sorted(found)}")
    if d.rows("PRAGMA integrity_check")[0]["integrity_check"] != "ok" or d.rows("PRAGMA foreign_key_check"):
        raise AssertionError("the database is damaged")


def case(template, point, nth, client=Form, **settings):
    """Run one; return whether the point was reached before everything had ended."""
    d, client = template.house(**settings), client()
    try:
        job = None
        try:
            d.start({"GAITD_FAULT": f"{point}:{nth}"})
            job = client.send(d, template.token)
        except AssertionError as failure:
            if "ended with -9 instead of starting" not in str(failure):
                raise

        def over():
            if not d.process or d.process.poll() is not None:
                return "died"
            if job and not attempt_files(d):
                rows = d.rows("SELECT state FROM outbox") if d.job_row(job)["state"] == "complete" else []
                return len(rows) == 2 and all(r["state"] == "sent" for r in rows) and "ended"
            return None
        how = wait_until(over, lambda: f"death or an end: {d.stderr()[-3000:]}")
        if how == "died":
            code = d.died() if d.process else -9
            if code != -9:
                raise AssertionError(f"gaitd ended with {code}")
            check_spool_matches_rows(d)
            if d.count("jobs") == 0 and job:
                raise AssertionError("answered with 202, but there is no job")
            d.start({})
        finish(d, template.token, job, client)
        d.stop()
        return how == "died"
    except Exception as failure:
        raise AssertionError(f"{point}:{nth} {type(client).__name__} {settings}: {failure}") from failure
    finally:
        d.close()


class After:
    """A job that is complete, its old side video in the store and another one whole in the spool; what a person does with it."""

    settings = {}

    def __init__(self):
        d = Gaitd(settings={"http.listen": f"127.0.0.1:{free_port()}", **self.settings})
        try:
            d.start()
            self.token, self.staff = d.person(), d.person("staff@example.org", "staff")
            self.job = d.new_job(self.token)
            d.wait_job(self.job, "complete")
            d.wait_mails(2)
            self.upload = tus.whole(d, self.token, gaitd.video(seed="new")).rsplit("/", 1)[1]
            wait_until(lambda: not attempt_files(d), "the attempt is forgotten")
            d.stop()
            self.copy = pathlib.Path(tempfile.mkdtemp(prefix="gaitd-crash-")) / "data"
            shutil.copytree(d.data, self.copy)
        finally:
            d.close()

    def remove(self):
        shutil.rmtree(self.copy.parent, ignore_errors=True)

    def send(self, d):
        try:
            answer = self.ask(d)
        except (OSError, http.client.HTTPException):
            return False
        if answer.status not in (200, 202):
            raise AssertionError(f"{answer}")
        return True

    def case(self, point, nth):
        """Run one; return whether the point was reached before everything had ended."""
        d = Gaitd(settings={"http.listen": f"127.0.0.1:{free_port()}", "cluster.status_interval": "300ms", **self.settings})
        shutil.copytree(self.copy, d.data)
        try:
            answered = False
            try:
                d.start({"GAITD_FAULT": f"{point}:{nth}"})
                answered = self.send(d)
            except AssertionError as failure:
                if "ended with -9 instead of starting" not in str(failure):
                    raise
            died = wait_until(lambda: "died" if not d.process or d.process.poll() is not None else self.over(d) and "ended",
                              lambda: f"death or an end: {d.history(self.job)} {d.stderr()[-3000:]}") == "died"
            if died:
                code = d.died() if d.process else -9
                if code != -9:
                    raise AssertionError(f"gaitd ended with {code}")
                check_spool_matches_rows(d)
                if answered and not self.is_done(d):
                    raise AssertionError("answered, but not done")
                d.start({})
                if not self.send(d):
                    raise AssertionError("not answered after the restart")
            wait_until(lambda: self.over(d), lambda: f"the end: {d.history(self.job)} {d.stderr()[-3000:]}")
            self.check(d)
            d.stop()
            return died
        except Exception as failure:
            raise AssertionError(f"{type(self).__name__} {point}:{nth}: {failure}") from failure
        finally:
            d.close()


class Replace(After):
    def ask(self, d):
        return d.request("PUT", f"/api/v1/jobs/{self.job}/videos/side", self.token, json_body={"upload": self.upload})

    def is_done(self, d):
        return d.rows("SELECT 1 FROM videos WHERE view = 'side' AND upload = ?", self.upload)

    def over(self, d):
        row = d.job_row(self.job)
        return row["state"] == "complete" and row["result_attempt"] == 2 and not d.count("old_videos") and not attempt_files(d) \
            and not d.rows("SELECT 1 FROM outbox WHERE state = 'pending'")

    def check(self, d):
        want = {"front": gaitd.video(seed="front"), "side": gaitd.video(seed="new")}
        for r in d.rows("SELECT view, blob_key, sha256 FROM videos"):
            if r["sha256"] != hashlib.sha256(want[r["view"]]).digest() \
                    or (d.data / "blobs" / "blobs" / r["blob_key"]).read_bytes() != want[r["view"]]:
                raise AssertionError(f"the {r['view']} video is another one")
        if d.count("attempts") != 2 or d.count("uploads"):
            raise AssertionError(f"{d.rows('SELECT * FROM attempts')} {d.rows('SELECT * FROM uploads')}")
        names = sorted(m["Message-ID"].split("@")[0][1:].replace(self.job, "") for m in d.mails())
        if names != ["received..0", "result..1", "result..2"]:
            raise AssertionError(f"mails: {names}")
        nothing_left(d)


class Release(After):
    settings = {"release.mode": "clinician"}

    def ask(self, d):
        return d.request("POST", f"/api/v1/jobs/{self.job}/release", self.staff, json_body={"attempt": 1, "comment": "well"})

    def is_done(self, d):
        return d.job_row(self.job)["shown_attempt"] == 1

    def over(self, d):
        return self.is_done(d) and not d.rows("SELECT 1 FROM outbox WHERE state = 'pending'")

    def check(self, d):
        names = sorted(m["Message-ID"].split("@")[0][1:].replace(self.job, "") for m in d.mails())
        if names != ["analysed..1", "received..0", "result..1"]:
            raise AssertionError(f"mails: {names}")
        if len(d.rows("SELECT 1 FROM audit WHERE action = 'result_release'")) != 1:
            raise AssertionError("not one line in the audit")
        shown = d.get(f"/api/v1/jobs/{self.job}", self.token).json["release"]
        if (shown["state"], shown["comment"]) != ("released", "well"):
            raise AssertionError(f"{shown}")


class FaultPoints(unittest.TestCase):
    def test_every_point_of_the_source_is_tried(self):
        found = set()
        for path in (gaitd.SOURCE / "src").rglob("*.c"):
            if path.name != "fault.c":
                found |= set(re.findall(r'FAULT_POINT\("([^"]+)"\)', path.read_text()))
        self.assertEqual(found, set(POINTS) | set(RELAYED) | set(PIECES) | set(REPLACED) | ELSEWHERE)

    def test_killed_anywhere(self):
        template = Template()
        try:
            cases = [(p, n, {}) for p, most in POINTS.items() for n in range(1, most + 1)]
            cases += [(p, n, {"cluster.transfer": "relay"}) for p, most in RELAYED.items() for n in range(1, most + 1)]
            cases += [(p, n, {"client": Pieces}) for p, most in PIECES.items() for n in range(1, most + 1)]
            only = os.environ.get("GAITD_CRASH_ONLY")
            cases = [c for c in cases if not only or c[0].startswith(only)]
            failures, missed, started = [], [], time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
                running = {pool.submit(case, template, p, n, **more): (p, n, more) for p, n, more in cases}
                for done in concurrent.futures.as_completed(running):
                    try:
                        if not done.result():
                            missed.append(running[done])
                    except Exception as failure:
                        failures.append(str(failure))
            print(f"{len(cases)} kills in {time.monotonic() - started:.0f} s", file=sys.stderr)
            self.assertFalse(failures, "\n\n".join(failures))
            self.assertFalse(missed, f"never reached: {missed}")
        finally:
            template.remove()

    def kill_after(self, template, points):
        try:
            cases = [(p, n) for p, most in points.items() for n in range(1, most + 1)]
            with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
                reached = list(pool.map(lambda c: template.case(*c), cases))
            self.assertFalse([c for c, r in zip(cases, reached) if not r], "never reached")
        finally:
            template.remove()

    def test_killed_while_a_video_is_replaced(self):
        self.kill_after(Replace(), REPLACED)

    def test_killed_while_a_result_is_released(self):
        self.kill_after(Release(), RELEASED)

    def test_killed_while_an_upload_is_removed(self):
        with Gaitd("parked") as d:
            token = d.person()
            url = tus.create(d, token, 4000, gaitd.video()[:2000]).headers["Location"]
            d.restart({"GAITD_FAULT": "resumable.row_removed"})
            with self.assertRaises((OSError, http.client.HTTPException)):
                tus.tus(d, "DELETE", url, token)
            self.assertEqual(d.died(), -9)
            self.assertEqual((d.count("uploads"), len(d.files("spool"))), (0, 1))
            d.start({})
            self.assertEqual((tus.head(d, token, url).status, d.files("spool")), (404, []))


if __name__ == "__main__":
    gaitd.main()
