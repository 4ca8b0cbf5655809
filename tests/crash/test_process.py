"""gaitd and its helpers as processes: stopped, started twice, killed, out of disk, with engines that fail in every way."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gaitd  # noqa: E402
from gaitd import BIN, Gaitd, multipart, upload_parts, video, wait_until  # noqa: E402


def begin_upload(d, token, keep=2000):
    """An upload whose last @keep bytes are still to come: the connection and those bytes."""
    body, kind = multipart(upload_parts(front=video(size=60000), side=video(size=60000, seed="s")))
    c = d.connect()
    c.head("POST", "/api/v1/upload", d.headers(token, {"Content-Type": kind, "Content-Length": str(len(body))}))
    c.send(body[:-keep])
    wait_until(lambda: len(d.files("spool")) == 2, "both files in the spool")
    return c, body[-keep:]


class Stop(unittest.TestCase):
    def test_an_upload_under_way_may_finish(self):
        with Gaitd(engines="parked") as d:
            token = d.person()
            with d.connect() as idle:
                c, rest = begin_upload(d, token)
                d.process.send_signal(signal.SIGTERM)
                wait_until(lambda: d.logged("gaitd.stopping"), "the signal in the log")
                c.send(rest)
                answer = c.answer()
                c.close()
                self.assertEqual(answer.status, 202, answer)
                idle.close()
            self.assertEqual(d.process.wait(gaitd.PATIENCE_S), 0)
            d.process = None
            d.check_sanitizers()
            self.assertTrue(d.logged("gaitd.stopped"))
            d.start()
            self.assertEqual(d.job_row(answer.json["id"])["erased_ms"], None)
            d.wait_job(answer.json["id"], "processing")

    def test_the_grace_ends(self):
        with Gaitd(engines="parked", settings={"http.shutdown_grace": "300ms"}) as d:
            token = d.person()
            c, _ = begin_upload(d, token)
            d.stop()
            c.close()
            d.assert_untouched()
            d.start()
            d.assert_untouched()

    def test_nothing_new_is_accepted_meanwhile(self):
        with Gaitd(engines="parked") as d:
            token = d.person()
            c, rest = begin_upload(d, token)
            d.process.send_signal(signal.SIGTERM)
            wait_until(lambda: d.logged("gaitd.stopping"), "the signal in the log")

            def refused():
                try:
                    return d.get("/api/v1/jobs", token).status == 503
                except OSError:
                    return True
            wait_until(refused, "a refusal")
            c.send(rest)
            self.assertEqual(c.answer().status, 202)
            c.close()
            self.assertEqual(d.process.wait(gaitd.PATIENCE_S), 0)
            d.process = None


class Start(unittest.TestCase):
    def test_a_second_one_on_the_same_folder(self):
        with Gaitd(engines="parked") as d:
            done = subprocess.run([BIN / "gaitd", *d.sets()], env=d.environment({}), stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=gaitd.PATIENCE_S)
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assertIn(f"another gaitd (process {d.process.pid}) works on {d.data}", done.stderr)
            self.assertEqual(d.get("/healthz").status, 200)
            d.kill()
            d.start()  # a lock dies with its process

    def test_killed_in_the_first_start(self):
        d = Gaitd(engines="parked")
        try:
            d.spawn({"GAITD_FAULT": "migrations.before_commit"})
            self.assertEqual(d.died(), -9)
            d.start({})
            d.person()
            d.stop()
        finally:
            d.close()

    def test_killed_while_erasing(self):
        with Gaitd(settings={"http.listen": "127.0.0.1:0"}) as d:
            token = d.person()
            job = d.new_job(token)
            d.wait_job(job, "complete")
            d.wait_mails(2)
            d.restart({"GAITD_FAULT": "blob_dir.removed"})
            with self.assertRaises((OSError, gaitd.http.client.HTTPException)):
                d.request("DELETE", f"/api/v1/jobs/{job}", token)
            self.assertEqual(d.died(), -9)
            d.start({})
            wait_until(lambda: not d.count("videos"), lambda: d.files("blobs"))
            self.assertEqual(d.files("blobs"), [])
            self.assertEqual(d.count("outputs"), 0)
            self.assertIsNone(d.job_row(job)["height_cm"])


class Supervisor(unittest.TestCase):
    def faulty(self, fault):
        """A gaitd whose first supervisor kills itself at @fault."""
        d = Gaitd()
        d.settings["cluster.supervise_path"] = d.script("supervise", f"""#!/bin/bash
if mkdir "@CONTROL@/once" 2>/dev/null; then export GAITD_FAULT={fault}; fi
exec "{BIN}/gait-supervise" "$@"
""")
        return d

    def test_killed_before_the_job_runs(self):
        """after_lock: it never said that it took the job, so the same attempt is handed over again. after_started: it
        may have run, so it never runs again, and the next attempt does the work."""
        for fault, attempts in (("supervise.after_lock", 1), ("cluster_run.after_started", 2)):
            with self.subTest(fault), self.faulty(fault) as d:
                token = d.person()
                job = d.new_job(token)
                d.wait_job(job, "complete")
                self.assertEqual(d.count("attempts"), attempts, d.history(job))
                self.assertEqual(sorted(d.engine_runs()), ["run front.mp4 behave:ok", "run side.mp4 behave:ok"])
                self.assertEqual(len(d.wait_mails(2)), 2)

    def test_killed_while_the_job_runs(self):
        with Gaitd() as d:
            token = d.person()
            job = d.new_job(token, front=video("gate"))
            d.wait_job(job, "processing", "running")
            wait_until(d.engine_runs, "the engine")
            killed = [p for p in d.attempt_processes()
                      if b"gait-supervise" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes()]
            self.assertTrue(killed)
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: d.rows("SELECT 1 FROM attempts WHERE n = 1 AND forgotten_ms IS NOT NULL"),
                       lambda: f"the first attempt's end: {d.history(job)}")
            wait_until(lambda: len(d.engine_runs()) == 2, lambda: f"a second run: {d.engine_runs()}")
            d.open_gate()
            d.wait_job(job, "complete")
            first = d.rows("SELECT * FROM attempts WHERE n = 1")[0]
            self.assertEqual((first["outcome"], first["error_kind"]), ("lost", "lost"))
            self.assertEqual(d.count("attempts"), 2)
            self.assertEqual(len(d.wait_mails(2)), 2)


class Engines(unittest.TestCase):
    def failing(self, job_of, kind, text, **settings):
        with Gaitd(settings={"queue.max_attempts": "1", **settings}) as d:
            token = d.person()
            job = job_of(d, token)
            row = d.wait_job(job, "inference_error")
            self.assertEqual((row["error_kind"], row["error_text"]), (kind, text))
            mails = d.wait_mails(2)
            failure = [m for m in mails if m["Message-ID"].startswith("<failure.")]
            self.assertEqual(len(failure), 1)
            words = " ".join(failure[0].get_body(("plain",)).get_content().split())
            self.assertIn(text, words)
            wait_until(lambda: d.rows("SELECT 1 FROM attempts WHERE forgotten_ms IS NOT NULL AND log <> ''"),
                       "the log that the operator finds")
            wait_until(lambda: not d.attempt_processes(), lambda: f"nothing left running: {d.attempt_processes()}")

    def test_ends_with_an_error(self):
        for code, kind, text in (
                (65, "not_a_video", "The side video could not be read as a video."),
                (3, "no_person", "No person was found in the side video."),
                (70, "pose_failed", "The walk in the side video could not be measured."),
                (139, "pose_failed", "The walk in the side video could not be measured."),
                (73, "disk_full", "The analysis needed more disk space than there is.")):
            with self.subTest(code):
                self.failing(lambda d, t, c=code: d.new_job(t, side=video(f"exit{c}")), kind, text)

    def test_hangs(self):
        self.failing(lambda d, t: d.new_job(t, front=video("gate")), "walltime",
                     "The analysis took longer than it is allowed to and was stopped.", **{"cluster.walltime": "10s"})


class FullDisk(unittest.TestCase):
    def test_every_write_of_an_upload(self):
        for fault in ("fsx.write:2+", "fsx.fsync:2", "fsx.fsync:3", "store.commit:2+", "intake.room:1"):
            with self.subTest(fault), Gaitd(engines="parked") as d:
                token = d.person()
                # A start writes and syncs one file, the ready file, and commits once before it is ready: what it
                # reconciled. The reaper's first round commits too, before or after the upload; the next is far away.
                d.settings["cluster.status_interval"] = "10m"
                d.restart({"GAITD_FAULT_FAIL": fault})
                answer = d.upload(token)
                self.assertEqual(answer.status, 503, answer)
                d.assert_untouched()
                d.restart({})
                d.assert_untouched()
                self.assertEqual(d.upload(token).status, 202)

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_a_disk_that_fills_up(self):
        d = Gaitd(engines="parked")
        d.data.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", d.data], capture_output=True, text=True)
        if mounted.returncode:
            d.close()
            self.skipTest(f"no mount here: {mounted.stderr.strip()}")
        try:
            d.start()
            token = d.person()
            # More than there is: refused before a byte of it is read.
            with d.connect() as c:
                c.head("POST", "/api/v1/upload", d.headers(token, {
                    "Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(64 << 20)}))
                self.assertEqual(c.answer().status, 503)
            d.assert_untouched()
            # Enough at first, then somebody else fills it.
            body, kind = multipart(upload_parts(front=video(size=1 << 20), side=video(size=2 << 20, seed="s")))
            with d.connect() as c:
                c.head("POST", "/api/v1/upload", d.headers(token, {"Content-Type": kind, "Content-Length": str(len(body))}))
                c.send(body[:1 << 20])
                wait_until(lambda: d.files("spool"), "a file in the spool")
                filler = open(d.data / "filler", "wb", buffering=0)
                try:
                    while filler.write(b"\0" * 65536):
                        pass
                except OSError:
                    pass
                c.send(body[1 << 20:])
                answer = c.answer()
                self.assertEqual(answer.status, 503, answer)
            filler.close()
            (d.data / "filler").unlink()
            d.assert_untouched()
            self.assertEqual(d.upload(token).status, 202)
            d.stop()
        finally:
            if d.process:
                d.kill()
            d.end_attempts()
            subprocess.run(["umount", d.data], check=True)
            d.close()

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_an_engine_that_fills_the_disk(self):
        d = Gaitd(settings={"queue.max_attempts": "1"})
        place = d.root / "small"
        place.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place], capture_output=True, text=True)
        if mounted.returncode:
            d.close()
            self.skipTest(f"no mount here: {mounted.stderr.strip()}")
        try:
            d.settings["cluster.dir"] = place / "attempts"
            d.settings["cluster.pose_path"] = d.script("greedy", """#!/bin/bash
while [ "$1" != --write_json ]; do shift; done
exec cat /dev/zero >"$2/walk_000000000000_keypoints.json"
""")
            d.start()
            token = d.person()
            job = d.new_job(token)
            row = d.wait_job(job, "inference_error")
            self.assertEqual(row["error_kind"], "disk_full", d.history(job))
            self.assertEqual(len(d.wait_mails(2)), 2)
            d.stop()
        finally:
            if d.process:
                d.kill()
            d.end_attempts()
            subprocess.run(["umount", place], check=True)
            d.close()


if __name__ == "__main__":
    gaitd.main()
