#!/usr/bin/env python3
"""pbs/gait-job.pbs as a process against a real HTTP server. Nothing here waits by sleeping: a test waits for
requests to come in or for processes to end."""

import fcntl
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from peer import ATTEMPT, SIGNATURE, TOKEN, Peer  # noqa: E402

SCRIPT = HERE.parents[2] / "pbs" / "gait-job.pbs"
SUPERVISE = os.environ.get("GAIT_SUPERVISE")
F_OFD_GETLK = 36


class JobScript(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gait-job-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.dir = self.root / ATTEMPT
        self.dir.mkdir(mode=0o700)
        self.videos = {"front": b"walk\n" + b"f" * 5000, "side": b"walk\n" + b"s" * 7000}

    def peer(self, **videos):
        peer = Peer({**self.videos, **{k: v.encode() for k, v in videos.items()}})
        self.addCleanup(peer.__exit__)
        return peer

    def job(self, peer, walltime_s=600):
        path = self.dir / "job.json"
        path.write_text(json.dumps({"attempt": ATTEMPT, "token": TOKEN, "walltime_s": walltime_s,
                                    "callback_url": f"{peer.url}/api/v1"}))
        path.chmod(0o600)

    def environment(self, **extra):
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "GAIT_POSE": str(HERE / "engine.sh"),
                "GAIT_ANALYZE": str(HERE / "analyze.sh"), "GAIT_COMPLETION_S": "30", **extra}

    def start(self, peer, wrap=(), walltime_s=600, **env):
        self.job(peer, walltime_s)
        process = subprocess.Popen([*wrap, "bash", str(SCRIPT), str(self.dir)], env=self.environment(**env),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, start_new_session=True)
        self.addCleanup(process.stdout.close)
        return process

    def finish(self, process, code, seconds=60):
        try:
            self.log, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.fail(f"did not end: {process.communicate()[0]}")
        self.assertEqual(process.returncode, code, self.log)
        return self.log

    def run_job(self, peer, code, seconds=60, **kwargs):
        return self.finish(self.start(peer, **kwargs), code, seconds)

    def status(self):
        status = json.loads((self.dir / "status.json").read_text())
        self.assertEqual(status["attempt"], ATTEMPT)
        return status

    def assert_clean(self, peer):
        """After every run: no video, no secret, one run id."""
        self.assertEqual([p.name for p in self.dir.iterdir() if p.name not in ("job.json", "status.json", "run")], [])
        self.assertEqual(peer.shown, [])
        self.assertNotIn(TOKEN, self.log)
        self.assertNotIn(SIGNATURE, self.log)
        self.assertLessEqual(len(peer.run_ids), 1)

    def assert_error(self, peer, kind, text=None):
        status = self.status()
        self.assertEqual(status["error"]["kind"], kind, self.log)
        self.assertEqual(status["exit_code"], 1)
        self.assertIsNone(status["result_sha256"])
        self.assertEqual(len(peer.completions), 1, self.log)
        fields = peer.completions[0]
        error = json.loads(fields["error"])
        self.assertEqual(fields["status"], b"error")
        self.assertEqual(fields["job_id"], b"job-1")
        self.assertEqual(fields["attempt"], ATTEMPT.encode())
        self.assertNotIn("result", fields)
        self.assertEqual(error["kind"], kind)
        self.assertEqual(error["text"], status["error"]["text"])
        self.assertTrue(error["text"].endswith("."))
        if text:
            self.assertEqual(error["text"], text)
        for secret in (TOKEN, SIGNATURE):
            self.assertNotIn(secret, error["log"])
        self.assert_clean(peer)
        return error

    # --- the way that goes well

    def test_complete(self):
        peer = self.peer()
        peer.engine["max_seconds"] = 120
        peer.engine["pose_model"] = "heavy"
        peer.engine["hints"] = {"front": "12.5,40", "side": [7, 8]}
        started = time.monotonic()
        log = self.run_job(peer, 0)
        self.assertEqual(set(peer.outputs), set(peer.output_names))
        result = json.loads(peer.outputs["result.json"])
        arguments = " ".join(result["arguments"])
        self.assertIn("--height 172cm --age-months 400 --sex F --walking-aid hand_held --footwear shoes ", arguments)
        self.assertNotIn("--orthosis", arguments)
        for view in ("front", "side"):
            self.assertIn(f"--input-sha256-{view} {hashlib.sha256(self.videos[view]).hexdigest()} ", arguments)
        self.assertEqual(peer.outputs["overlay_side.mp4"], self.videos["side"])
        with tarfile.open(fileobj=io.BytesIO(peer.outputs["keypoints_front.tar.gz"])) as tar:
            self.assertIn("front/walk_000000000000_keypoints.json", tar.getnames())
        fields, = peer.completions
        self.assertEqual((fields["status"], fields["score"], fields["job_id"]), (b"complete", b"0.75", b"job-1"))
        self.assertEqual(fields["result"], peer.outputs["result.json"])
        self.assertNotIn("error", fields)
        status = self.status()
        self.assertEqual((status["exit_code"], status["error"]), (0, None))
        self.assertEqual(status["result_sha256"], hashlib.sha256(peer.outputs["result.json"]).hexdigest())
        self.assertEqual([b["step"] for b in peer.beats if b["percent"] == 0],
                         ["download", "pose_front", "pose_front", "pose_side", "pose_side", "analyze",
                          "overlay_front", "overlay_side", "upload"])
        self.assertIn({"step": "overlay_side", "percent": 50}, [{k: b[k] for k in ("step", "percent")} for b in peer.beats])
        front = [b["percent"] for b in peer.beats if b["step"] == "pose_front"]
        self.assertEqual(front, sorted(front))
        self.assertGreaterEqual(front[-1], 95)
        # 101 lines came: one in five percent is passed on, or one in two seconds.
        self.assertLessEqual(len(front), 23 + (time.monotonic() - started) / 2)
        self.assertIn("hint 12.5,40", log)
        self.assertIn("hint 7,8, at most 120 s, model heavy, 98% sure", log)
        self.assert_clean(peer)

    def test_report_files(self):
        peer = self.peer()
        self.run_job(peer, 0)
        for name, option in (("report.pdf", "pdf"), ("parameters.csv", "csv"), ("markers.trc", "trc"), ("angles.mot", "mot"),
                             ("curves.svg", "svg-curves"), ("events.svg", "svg-events"), ("table.svg", "svg-table")):
            self.assertEqual(peer.outputs[name], f"{option} of it\n".encode(), name)
        self.assert_clean(peer)

    def test_an_analysis_without_report_files(self):
        """One that makes none, and one from before there were any."""
        for how in ("none", "old"):
            with self.subTest(how=how):
                peer = self.peer()
                log = self.run_job(peer, 0, GAIT_TEST_REPORTS=how)
                self.assertEqual(set(peer.outputs), {"result.json", "overlay_front.mp4", "overlay_side.mp4",
                                                     "keypoints_front.tar.gz", "keypoints_side.tar.gz"})
                self.assertIn("output report.pdf: nothing of that name was made", log)
                self.assertEqual("once more for the result alone" in log, how == "old")
                self.assertEqual(peer.completions[0]["status"], b"complete")
                shutil.rmtree(self.dir)
                self.dir.mkdir(mode=0o700)

    def test_overlays_that_cannot_be_made(self):
        """The result goes out all the same, and nothing half made."""
        for how, code, extra in (("70", 70, {}), ("64", 64, {}), ("hang", 124, {}), ("fill", 73, {"GAIT_MAX_FILE_MB": "1"})):
            with self.subTest(how=how):
                peer = self.peer()
                peer.engine["timeouts"]["overlay"] = 1 if how == "hang" else 60
                log = self.run_job(peer, 0, GAIT_TEST_OVERLAY=how, **extra)
                self.assertEqual(set(peer.output_names) - set(peer.outputs), {"overlay_front.mp4", "overlay_side.mp4"})
                for view in ("front", "side"):
                    self.assertIn(f"no overlay of the {view} video: exit code {code}", log)
                self.assertEqual(peer.completions[0]["status"], b"complete")
                self.assert_clean(peer)
                shutil.rmtree(self.dir)
                self.dir.mkdir(mode=0o700)

    def test_overlays_leave_time_for_the_result(self):
        peer = self.peer()
        started = time.monotonic()
        self.run_job(peer, 0, walltime_s=24, GAIT_TEST_OVERLAY="hang")
        self.assertLess(time.monotonic() - started, 24)
        self.assertEqual(peer.completions[0]["status"], b"complete")

    def test_no_score_and_one_archive(self):
        peer = self.peer()
        peer.output_names = ["result.json", "keypoints.tar.gz", "unheard-of.bin"]
        self.run_job(peer, 0, GAIT_TEST_SCORE="null")
        self.assertNotIn("score", peer.completions[0])
        self.assertEqual(set(peer.outputs), {"result.json", "keypoints.tar.gz"})
        self.assert_clean(peer)

    def test_demonstration_model_only_where_allowed(self):
        for order, env, want in ((True, {}, True), (False, {"GAIT_ALLOW_DEMONSTRATION": "1"}, False),
                                 (None, {"GAIT_ALLOW_DEMONSTRATION": "1"}, True), (None, {}, False)):
            with self.subTest(order=order, env=env):
                peer = self.peer()
                if order is not None:
                    peer.engine["model"] = {"allow_demonstration": order}
                self.run_job(peer, 0, GAIT_MODEL="/models/demo", **env)
                arguments = json.loads(peer.outputs["result.json"])["arguments"]
                self.assertEqual("--allow-demonstration" in arguments, want)
                self.assertIn("/models/demo", arguments)
                shutil.rmtree(self.dir)
                self.dir.mkdir(mode=0o700)

    def test_attempt_folder_from_the_environment(self):
        peer = self.peer()
        self.job(peer)
        done = subprocess.run(["bash", str(SCRIPT)], env=self.environment(GAIT_ATTEMPT_DIR=str(self.dir)),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(len(peer.completions), 1)

    def test_passing_trouble_is_ridden_out(self):
        peer = self.peer()
        for route in ("checkin", "GET front", "PUT result.json", "completion"):
            peer.answers[route] = [503]
        peer.answers["GET side"] = [429]
        peer.always["heartbeat"] = 500
        self.run_job(peer, 0)
        self.assertEqual(len(peer.completions), 1)
        for route in ("checkin", "GET front", "GET side", "PUT result.json", "completion"):
            self.assertEqual(peer.count(route), 2, route)
        self.assert_clean(peer)

    def test_fleeing_child_does_not_hold_it_up(self):
        peer = self.peer(front="flee\n")
        started = time.monotonic()
        self.run_job(peer, 0)
        self.assertLess(time.monotonic() - started, 30)
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x003605\x00":
                    os.kill(int(pid), signal.SIGKILL)  # under a supervisor this is its work
            except OSError:
                pass

    # --- fencing

    def test_check_in_says_no_longer_current(self):
        peer = self.peer()
        peer.always["checkin"] = 409
        self.run_job(peer, 0)
        self.assertEqual(self.status()["error"]["kind"], "superseded")
        self.assertEqual(self.status()["exit_code"], 0)
        self.assertEqual([r for r, _ in peer.requests], ["checkin"])
        self.assert_clean(peer)

    def test_second_run_in_one_folder_leaves_the_first_word(self):
        peer = self.peer()
        self.run_job(peer, 0)
        first = (self.dir / "status.json").read_bytes()
        peer.always["checkin"] = 409
        self.run_job(peer, 0)
        self.assertEqual((self.dir / "status.json").read_bytes(), first)
        (self.dir / "status.json").unlink()
        self.run_job(peer, 0)
        self.assertFalse((self.dir / "status.json").exists())

    def test_check_in_refused(self):
        peer = self.peer()
        peer.always["checkin"] = 401
        self.run_job(peer, 1)
        self.assertEqual(self.status()["error"]["kind"], "checkin_failed")
        self.assertEqual(peer.count("checkin"), 1)
        self.assert_clean(peer)

    def test_nobody_answers_the_check_in(self):
        peer = self.peer()
        peer.shutdown()
        peer.server_close()
        self.run_job(peer, 1, GAIT_CHECKIN_S="2")
        self.assertEqual(self.status()["error"]["kind"], "checkin_failed")

    def test_heartbeat_says_no_longer_current(self):
        peer = self.peer(front="hang\n")
        process = self.start(peer)
        peer.wait_for(lambda: any(b["step"] == "pose_front" for b in peer.beats))
        peer.always["heartbeat"] = 409
        self.finish(process, 0)
        self.assertEqual(self.status()["error"]["kind"], "superseded")
        self.assertEqual(peer.completions, [])
        self.assert_clean(peer)

    def test_completion_says_no_longer_current(self):
        peer = self.peer()
        peer.always["completion"] = 409
        self.run_job(peer, 0)
        self.assertEqual(peer.count("completion"), 1)

    def test_completion_never_gets_through(self):
        peer = self.peer()
        peer.always["completion"] = 503
        self.run_job(peer, 0, GAIT_COMPLETION_S="3")
        status = self.status()
        self.assertEqual((status["exit_code"], status["error"]), (0, None))
        self.assertEqual(len(status["result_sha256"]), 64)
        self.assert_clean(peer)

    def test_completion_refused(self):
        peer = self.peer()
        peer.answers["completion"] = [422]
        self.run_job(peer, 1)
        self.assert_error(peer, "internal", "The result was not accepted.")

    # --- failures, each with its kind and words

    def test_engine_failures(self):
        rows = (("exit 65", "not_a_video", "The front video could not be read as a video."),
                ("exit 3", "no_person", "No person was found in the front video."),
                ("exit 73", "disk_full", "The analysis needed more disk space than there is."),
                ("exit 70", "pose_failed", "The walk in the front video could not be measured."),
                ("exit 78", "node_misconfigured", None),
                ("exit 127", "node_misconfigured", None),
                ("crash", "pose_failed", "The walk in the front video could not be measured."),
                ("killed", "out_of_memory", "The analysis needed more memory than it was given and was stopped."))
        for video, kind, text in rows:
            with self.subTest(video=video):
                peer = self.peer(front=video + "\n")
                self.run_job(peer, 1)
                error = self.assert_error(peer, kind, text)
                if video.startswith("exit"):
                    self.assertIn("going with", error["log"])
                shutil.rmtree(self.dir)
                self.dir.mkdir(mode=0o700)

    def test_side_video_is_named(self):
        peer = self.peer(side="exit 3\n")
        self.run_job(peer, 1)
        self.assert_error(peer, "no_person", "No person was found in the side video.")

    def test_engine_hangs(self):
        for video in ("hang\n", "deaf\n"):
            with self.subTest(video=video):
                peer = self.peer(front=video)
                peer.engine["timeouts"]["pose"] = 1
                self.run_job(peer, 1)
                self.assert_error(peer, "pose_failed", "The walk in the front video took too long to measure.")
                shutil.rmtree(self.dir)
                self.dir.mkdir(mode=0o700)

    def test_deadline_of_the_work_order(self):
        peer = self.peer(front="hang\n")
        peer.deadline = int(time.time()) + 3
        self.run_job(peer, 1)
        self.assert_error(peer, "pose_failed")

    def test_engine_reaches_its_file_limit(self):
        peer = self.peer(front="fill\n")
        self.run_job(peer, 1, GAIT_MAX_FILE_MB="1")
        self.assert_error(peer, "disk_full", "The analysis needed more disk space than there is.")

    def in_small_disk(self, size):
        scratch = self.root / "scratch"
        scratch.mkdir()
        flags = "-m" if os.getuid() == 0 else "-rm"
        mount = f'mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@"'
        wrap = ["unshare", flags, "bash", "-c", mount, str(scratch)]
        tried = subprocess.run([*wrap, "true"], capture_output=True, text=True, check=False)
        if tried.returncode != 0: # a container, say
            self.skipTest(f"no mount here: {tried.stderr.strip()}")
        return wrap, str(scratch)

    def test_engine_fills_the_disk(self):
        peer = self.peer(front="fill\n")
        wrap, scratch = self.in_small_disk("2m")
        self.run_job(peer, 1, wrap=wrap, GAIT_SCRATCH=scratch)
        self.assert_error(peer, "disk_full")

    def test_disk_too_small_for_the_videos(self):
        peer = self.peer(front="walk\n" + "x" * 3000000)
        wrap, scratch = self.in_small_disk("2m")
        self.run_job(peer, 1, wrap=wrap, GAIT_SCRATCH=scratch)
        self.assert_error(peer, "disk_full")
        self.assertEqual(peer.count("GET front"), 0)

    def test_log_of_an_error_holds_no_secret(self):
        peer = self.peer(front="leak\n")
        self.run_job(peer, 1)
        error = self.assert_error(peer, "pose_failed")
        self.assertIn("https://store.invalid/front.mp4?(signed)", error["log"])
        self.assertNotIn("abcdef.1234", error["log"] + self.log)

    def test_line_without_an_end(self):
        peer = self.peer(front="noise\n")
        self.run_job(peer, 1)
        error = self.assert_error(peer, "pose_failed")
        self.assertLessEqual(len(error["log"]), 5000)

    def test_checksum_mismatch(self):
        peer = self.peer()
        peer.lie["side"] = "0" * 64
        self.run_job(peer, 1)
        self.assert_error(peer, "checksum_mismatch", "The side video arrived damaged.")
        self.assertEqual(peer.count("GET side"), 2)

    def test_download_refused(self):
        peer = self.peer()
        peer.always["GET front"] = 403
        self.run_job(peer, 1)
        self.assert_error(peer, "download_failed", "The front video could not be fetched for the analysis.")
        self.assertEqual(peer.count("GET front"), 1)

    def test_download_never_gets_through(self):
        peer = self.peer()
        peer.always["GET front"] = 503
        self.run_job(peer, 1, GAIT_DOWNLOAD_RETRY_S="3")
        self.assert_error(peer, "download_failed")

    def test_upload_failures(self):
        peer = self.peer()
        peer.always["PUT result.json"] = 403
        self.run_job(peer, 1)
        self.assert_error(peer, "upload_failed", "The results could not be saved.")

    def test_output_too_large(self):
        peer = self.peer()
        peer.max_bytes["overlay_front.mp4"] = 100
        self.run_job(peer, 1)
        self.assert_error(peer, "upload_failed", "The results are too large to be saved.")
        self.assertNotIn("overlay_front.mp4", peer.outputs)

    def test_analysis_failures(self):
        for how in ("70", "garbage", "hang"):
            with self.subTest(how=how):
                peer = self.peer()
                peer.engine["timeouts"]["analyze"] = 1 if how == "hang" else 60
                self.run_job(peer, 1, GAIT_TEST_ANALYZE=how)
                self.assert_error(peer, "analyze_failed")
                shutil.rmtree(self.dir)
                self.dir.mkdir(mode=0o700)

    def test_unknown_engine(self):
        peer = self.peer()
        peer.engine["name"] = "crystal-ball"
        self.run_job(peer, 1)
        self.assert_error(peer, "node_misconfigured")

    def test_missing_tool(self):
        tools = self.root / "bin"
        tools.mkdir()
        for folder in ("/usr/bin", "/bin"):
            for tool in os.listdir(folder):
                if tool != "jq" and not (tools / tool).exists():
                    (tools / tool).symlink_to(f"{folder}/{tool}")
        peer = self.peer()
        self.run_job(peer, 1, PATH=str(tools))
        self.assertEqual(self.status()["error"]["kind"], "node_misconfigured")
        self.assertIn("jq is not installed", self.log)

    # --- ended from outside

    def test_term(self):
        rows = ((600, False, "killed"), (3, False, "walltime"), (600, True, "cancelled"))
        for walltime_s, cancel, kind in rows:
            for video in ("hang\n", "deaf\n"):
                with self.subTest(kind=kind, video=video):
                    peer = self.peer(front=video)
                    process = self.start(peer, walltime_s=walltime_s)
                    peer.wait_for(lambda p=peer: any(b["step"] == "pose_front" for b in p.beats))
                    if cancel:
                        (self.dir / "cancel").touch()
                    process.send_signal(signal.SIGTERM)
                    self.finish(process, 1)
                    (self.dir / "cancel").unlink(missing_ok=True)
                    self.assert_error(peer, kind)
                    shutil.rmtree(self.dir)
                    self.dir.mkdir(mode=0o700)

    def test_under_the_supervisor(self):
        """The whole way with gait-supervise: walltime, its log, nothing left running."""
        self.assertTrue(SUPERVISE, "GAIT_SUPERVISE must name gait-supervise")
        peer = self.peer(front="hang\n")
        self.job(peer, walltime_s=2)
        done = subprocess.run([SUPERVISE, "--grace-ms", "8000", str(self.dir), str(SCRIPT)], env=self.environment(),
                              timeout=30, check=False)
        self.assertEqual(done.returncode, 0)
        peer.wait_for(lambda: peer.completions)
        deadline = time.monotonic() + 20
        while self.locked():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertEqual(self.status()["error"]["kind"], "walltime")
        self.assertEqual(json.loads(peer.completions[0]["error"])["kind"], "walltime")
        self.log = (self.dir / "log").read_text()
        self.assertIn("error: walltime (pose_front)", self.log)
        self.assertEqual(list(self.dir.glob("gait-work.*")), [])
        self.assertEqual(peer.shown, [])
        self.assertNotIn(TOKEN, self.log)

    def locked(self):
        with open(self.dir / "lock", "r+b") as f:
            query = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
            kind, = struct.unpack_from("h", fcntl.fcntl(f, F_OFD_GETLK, query))
            return kind != fcntl.F_UNLCK


if __name__ == "__main__":
    unittest.main()
