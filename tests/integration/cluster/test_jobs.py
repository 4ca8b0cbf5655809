#!/usr/bin/env python3
"""pbs/gait-job.pbs as a job of a real Slurm, submitted by gait-cluster: how it ends by itself, by walltime, by qdel, by
KILL; that it is fenced when it is run twice; what it leaves on the node; that no secret can be seen while it runs."""

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import unittest

from cluster_env import ClusterTest, need_cluster, request
from peer import SIGNATURE, TOKEN, Peer


class JobTest(ClusterTest):
    def peer(self, front="walk\n", side="walk\n"):
        peer = Peer({"front": front.encode() + b"f" * 5000, "side": side.encode() + b"s" * 7000})
        self.addCleanup(peer.__exit__)
        return peer

    def start(self, attempt, peer, **more):
        job = self.submit(attempt, callback_url=f"{peer.url}/api/v1", **more)
        self.addCleanup(self.c.gait, "cancel", attempt)
        return job

    @staticmethod
    def poses(peer):
        """Waits until the engine runs on the front video."""
        peer.wait_for(lambda: any(b["step"] == "pose_front" for b in peer.beats), 40)

    def outcome(self, attempt):
        return json.loads((self.c.root / attempt / "status.json").read_text())

    def log(self, attempt):
        return self.good(self.c.gait("log", attempt, 100000))

    def work_folders(self):
        return list(self.c.scratch.glob("gait-work.*"))

    def processes(self, word):
        """Processes of the account whose command line has the word."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                path = pathlib.Path("/proc") / pid
                if path.stat().st_uid == self.c.entry.pw_uid and word.encode() in (path / "cmdline").read_bytes():
                    found.append(int(pid))
            except OSError:
                continue
        return found


class Jobs(JobTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Slurm counts walltimes in minutes and looks every half: this one ends while the other tests run.
        cls.slow_peer = Peer({"front": b"hang\n", "side": b"walk\n"})
        cls.addClassCleanup(cls.slow_peer.__exit__)
        answer = cls.c.gait("submit", "walltime", stdin=request(
            "walltime", callback_url=f"{cls.slow_peer.url}/api/v1", walltime_s=60, walltime="00:01:00"))
        assert answer.code == 0, answer
        cls.poses(cls.slow_peer)

    def test_zz_walltime(self):
        c, peer = self.c, self.slow_peer
        self.assertEqual(c.ended("walltime", 150), "TIMEOUT")
        status = self.outcome("walltime")
        self.assertEqual(status["error"]["kind"], "walltime")
        error = json.loads(peer.completions[0]["error"])
        self.assertEqual(error["kind"], "walltime")
        self.assertIn("attempt walltime on", error["log"])
        self.assertIn("DUE TO TIME LIMIT", self.log("walltime"))
        self.assertEqual(c.status().outcomes["walltime"]["error"]["kind"], "walltime")

    def test_complete(self):
        c, peer = self.c, self.peer()
        job = self.start("complete", peer)
        self.assertEqual(c.ended("complete"), "COMPLETED")
        self.assertEqual(set(peer.outputs), set(peer.output_names))
        self.assertEqual(len(peer.completions), 1)
        status = self.outcome("complete")
        self.assertEqual((status["attempt"], status["exit_code"], status["error"]), ("complete", 0, None))
        self.assertEqual(status["result_sha256"], hashlib.sha256(peer.outputs["result.json"]).hexdigest())
        self.assertEqual(c.status().outcomes["complete"], status)
        self.assertEqual((c.root / "complete" / "id").read_text().strip(), job)
        self.assertEqual(peer.shown, [])
        log = self.log("complete")
        self.assertIn("done in", log)
        self.assertEqual(self.good(c.gait("log", "complete", 10)), log[-10:])
        self.good(c.gait("forget", "complete"))
        self.assertEqual([p.name for p in c.root.iterdir() if "complete" in p.name], [])

    def test_no_secret_is_seen(self):
        """While it runs: command lines and environments of all processes, the scheduler's words, the log."""
        c, peer = self.c, self.peer(front="hang\n")
        job = self.start("secret", peer)
        self.poses(peer)
        self.assertEqual(peer.shown, []) # looked at on every request, in all of /proc
        words = "".join(c.as_account(w).text for w in (["qstat", "-f"], ["scontrol", "-o", "show", "job"], ["ps", "-ef"],
                                                       ["scontrol", "write", "batch_script", job, "-"]))
        self.assertIn("secret/job.sh", words)
        self.assertIn("gait-job.pbs", words)
        self.good(c.gait("cancel", "secret"))
        c.ended("secret")
        for text in (words, self.log("secret"), c.gait("status").text):
            self.assertNotIn(TOKEN, text)
            self.assertNotIn(SIGNATURE, text)
        self.assertNotIn(TOKEN, peer.completions[0]["error"].decode())
        for path in c.folder.glob("slurm/log/*"):
            self.assertNotIn(TOKEN, path.read_text(errors="replace"))

    def test_cancel_running(self):
        for video in ("hang\n", "deaf\n"):
            with self.subTest(video=video):
                attempt = f"cancel-{video.strip()}"
                c, peer = self.c, self.peer(front=video)
                self.start(attempt, peer)
                self.poses(peer)
                self.good(c.gait("cancel", attempt))
                self.assertEqual(c.ended(attempt), "CANCELLED")
                self.assertEqual(self.outcome(attempt)["error"]["kind"], "cancelled")
                self.assertEqual(json.loads(peer.completions[0]["error"])["kind"], "cancelled")
                self.assertEqual(self.processes("deaf-engine"), [])
                self.good(c.gait("forget", attempt))

    def test_deleted_by_others(self):
        """qdel by somebody else: nobody wished a cancellation."""
        c, peer = self.c, self.peer(front="hang\n")
        job = self.start("deleted", peer)
        self.poses(peer)
        self.assertEqual(c.as_account(["qdel", job]).code, 0)
        c.ended("deleted")
        self.assertEqual(self.outcome("deleted")["error"]["kind"], "killed")
        self.assertEqual(json.loads(peer.completions[0]["error"])["kind"], "killed")

    def test_cancelled_before_it_ran(self):
        c, peer = self.c, self.peer()
        words = ["-N", "g-held", "-l", "nodes=1:ppn=1,walltime=00:10:00", "-q", "closed"]
        job = self.start("held", peer, qsub=words)
        c.as_account(["touch", c.root / "held" / "cancel"])
        subprocess.run(["env", f"SLURM_CONF={c.slurm_conf}", "scontrol", "update", f"JobId={job}", "Partition=batch"], check=True)
        c.ended("held")
        self.assertEqual(self.outcome("held")["error"]["kind"], "cancelled")
        self.assertEqual(peer.requests, [])

    def kill_job(self, attempt):
        """KILL for the whole job, as a node that goes down would."""
        folder = str(self.c.root / attempt)
        for pid in self.processes(folder):
            os.kill(pid, signal.SIGKILL)
        for pid in self.processes("gait-work."):
            if pathlib.Path(f"/proc/{pid}").exists() and self.attempt_of(pid) == attempt:
                os.kill(pid, signal.SIGKILL)

    def attempt_of(self, pid):
        try:
            environ = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return None
        names = [w.split(b"=", 1)[1].decode() for w in environ if w.startswith(b"SLURM_JOB_NAME=")]
        return names[0].removeprefix("g-") if names else None

    def test_killed_and_swept(self):
        """What a KILL leaves in scratch goes with the next job, and with sweep; what another one holds stays."""
        c = self.c
        others = set(self.work_folders())
        alive = self.peer(front="hang\n")
        self.start("alive", alive)
        self.poses(alive)
        kept, = set(self.work_folders()) - others
        left = []
        for n in range(2):
            peer = self.peer(front="hang\n")
            self.start(f"killed-{n}", peer)
            self.poses(peer)
            mine, = set(self.work_folders()) - others - {kept, *left}
            self.assertTrue((mine / "front.mp4").exists())
            self.kill_job(f"killed-{n}")
            c.ended(f"killed-{n}")
            # Whatever was in a pipe with those that were killed ends a moment later, and holds the folder until then.
            c.wait("a folder that nobody holds", lambda: subprocess.run(["flock", "-n", mine / "lock", "true"]).returncode == 0)
            self.assertFalse((c.root / f"killed-{n}" / "status.json").exists())
            self.assertTrue((mine / "front.mp4").exists())
            if n == 0:
                left.append(mine)
                next_one = self.peer()
                self.start("next", next_one)
                c.ended("next")
                self.assertFalse(mine.exists())
                self.assertIn(f"removed {mine}", self.log("next"))
            else:
                self.assertIn(f"removed {mine}\n", self.good(c.gait("sweep")))
                self.assertFalse(mine.exists())
            self.assertTrue((kept / "front.mp4").exists())
        self.good(c.gait("cancel", "alive"))
        c.ended("alive")
        self.assertFalse(kept.exists())

    def test_run_twice(self):
        """The scheduler starts it again on its own: the first word stands, the second run says nothing."""
        c, peer = self.c, self.peer(front="hang\n")
        words = ["-N", "g-twice", "-l", "nodes=1:ppn=1,walltime=00:10:00", "-r", "y"]
        job = self.start("twice", peer, qsub=words)
        self.poses(peer)
        run = (c.root / "twice" / "run").read_text()
        peer.always["checkin"] = 409 # as gaitd does when another run asks
        subprocess.run(["env", f"SLURM_CONF={c.slurm_conf}", "scontrol", "requeue", job], check=True)
        c.wait("the first word", lambda: (c.root / "twice" / "status.json").exists())
        first = (c.root / "twice" / "status.json").read_bytes()
        self.assertEqual(json.loads(first)["error"]["kind"], "killed")
        # Slurm holds a requeued job back for two minutes: a node starts none whose credential is not newer, in whole seconds, than
        # the end of its first run. Three will do.
        c.wait("requeueing", lambda: c.state(job).get("Reason") == "BeginTime")
        subprocess.run(["env", f"SLURM_CONF={c.slurm_conf}", "scontrol", "update", f"JobId={job}", "StartTime=now+3seconds"], check=True)
        c.wait(lambda: f"the second run: {c.state(job)}", lambda: peer.count("checkin") == 2, 150)
        self.assertEqual(c.ended("twice"), "COMPLETED")
        self.assertEqual((c.root / "twice" / "status.json").read_bytes(), first)
        self.assertEqual((c.root / "twice" / "run").read_text(), run)
        self.assertEqual(len(peer.completions), 1)


class Relay(JobTest):
    def order(self, attempt, videos, **more):
        return {"attempt": attempt, "job": "job-1", "patient": {"height_cm": 172, "age_months": 400, "sex": "F"},
                "engine": {"name": "gait-pose", "timeouts": {}},
                "inputs": {v: {"file": f"{v}.mp4", "bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()}
                           for v, d in videos.items()},
                "outputs": {n: {"file": n, "max_bytes": 10000000} for n in
                            ("result.json", "overlay_front.mp4", "overlay_side.mp4", "keypoints.tar.gz")}, **more}

    def put(self, attempt, name, data):
        self.good(self.c.gait("put", attempt, name, len(data), hashlib.sha256(data).hexdigest(), stdin=data))

    def relayed(self, attempt, videos, order=None, **more):
        order = json.dumps(order or self.order(attempt, videos)).encode()
        for name, data in (("order.json", order), *((f"{v}.mp4", d) for v, d in videos.items())):
            self.put(attempt, name, data)
        peer = Peer({})
        self.addCleanup(peer.__exit__)
        # All the node's programs run where there is no network, not even loopback: curl, if one were tried, writes it down.
        job = self.start(attempt, peer, relay=True, **more)
        return peer, job

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        script = cls.c.pbs / "gait-job.pbs"
        real = cls.c.pbs / "gait-job-real.pbs"
        script.rename(real)
        curl = cls.c.engines / "curl"
        cls.tried = cls.c.own / "tried"
        cls.tried.touch()
        cls.tried.chmod(0o666)
        curl.write_text(f'#!/bin/bash\necho "$*" >>{cls.tried}\nexit 7\n')
        # The whole job, without a network and with a curl that tells on who calls it.
        script.write_text("#!/bin/bash\n"
                          f"export PATH={cls.c.engines}:$PATH GAIT_PBS_DIR=${{0%/*}}\n"
                          f"exec unshare --map-current-user --net bash {real} \"$1\"\n")
        subprocess.run(["chmod", "a+rx", str(curl), str(script), str(real)], check=True)

    def test_complete(self):
        c = self.c
        videos = {"front": b"walk\n" + os.urandom(50000), "side": b"walk\n" + os.urandom(60000)}
        peer, _ = self.relayed("relay", videos)
        self.assertEqual(c.ended("relay"), "COMPLETED", self.log("relay"))
        self.assertEqual(peer.requests, [])
        self.assertEqual(self.tried.read_text(), "")
        status = c.status()
        outcome = status.outcomes["relay"]
        self.assertEqual((outcome["exit_code"], outcome["error"]), (0, None), self.log("relay"))
        self.assertEqual(status.runs["relay"], outcome["run_id"])
        self.assertEqual(status.progress["relay"].split()[0], "upload")
        result = c.gait("get", "relay", "result.json", 1000000).out.split(b"\n", 1)
        self.assertEqual(result[0].split()[1].decode(), outcome["result_sha256"])
        self.assertEqual(hashlib.sha256(result[1]).hexdigest(), outcome["result_sha256"])
        self.assertIn("--height", json.loads(result[1])["arguments"])
        overlay = c.gait("get", "relay", "overlay_side.mp4", 1000000).out.split(b"\n", 1)[1]
        self.assertEqual(overlay, videos["side"])
        self.assertEqual(sorted(p.name for p in (c.root / "relay" / "out").iterdir()),
                         ["keypoints.tar.gz", "overlay_front.mp4", "overlay_side.mp4", "result.json"])
        self.assertEqual(self.work_folders(), [])
        self.good(c.gait("forget", "relay"))
        self.assertFalse((c.root / "relay").exists())

    def test_progress_and_cancel(self):
        c = self.c
        peer, _ = self.relayed("relay-cancel", {"front": b"hang\n", "side": b"walk\n"})
        c.wait("progress", lambda: c.status().progress.get("relay-cancel", "").startswith("pose_front"))
        self.assertEqual(c.status().runs["relay-cancel"], (c.root / "relay-cancel" / "run").read_text().strip())
        self.good(c.gait("cancel", "relay-cancel"))
        self.assertEqual(c.ended("relay-cancel"), "CANCELLED")
        self.assertEqual(self.outcome("relay-cancel")["error"]["kind"], "cancelled")
        self.assertEqual(peer.requests, [])
        self.refused(c.gait("get", "relay-cancel", "result.json", 1000), 2)

    def test_failures(self):
        c = self.c
        walk = {"front": b"walk\n", "side": b"walk\n"}
        damaged = self.order("relay-sum", walk)
        damaged["inputs"]["side"]["sha256"] = "0" * 64
        missing = self.order("relay-none", walk)
        missing["inputs"]["side"]["file"] = "other.mp4"
        outside = self.order("relay-out", walk)
        outside["inputs"]["side"]["file"] = "../job.json"
        large = self.order("relay-large", walk)
        large["outputs"]["result.json"]["max_bytes"] = 3
        rows = (("relay-sum", walk, damaged, "checksum_mismatch"), ("relay-none", walk, missing, "download_failed"),
                ("relay-out", walk, outside, "download_failed"), ("relay-large", walk, large, "upload_failed"),
                ("relay-exit", {"front": b"exit 3\n", "side": b"walk\n"}, None, "no_person"))
        for attempt, videos, order, _ in rows:
            self.relayed(attempt, videos, order)
        for attempt, _, _, kind in rows:
            with self.subTest(attempt=attempt):
                self.assertEqual(c.ended(attempt), "FAILED")
                self.assertEqual(self.outcome(attempt)["error"]["kind"], kind, self.log(attempt))
                self.assertEqual(self.tried.read_text(), "")
                self.assertNotIn(TOKEN, self.log(attempt))
                self.refused(c.gait("get", attempt, "result.json", 1000), 2)
        self.assertIn("going with 3", self.log("relay-exit"))

    def test_second_run_does_not_count(self):
        c = self.c
        videos = {"front": b"walk\n", "side": b"walk\n"}
        self.relayed("relay-twice", videos)
        c.ended("relay-twice")
        first = (c.root / "relay-twice" / "status.json").read_bytes()
        again = c.as_account(["bash", c.root / "relay-twice" / "job.sh"])
        self.assertEqual(again.code, 0, again)
        self.assertIn("superseded", again.err + again.text)
        self.assertEqual((c.root / "relay-twice" / "status.json").read_bytes(), first)


class Engines(JobTest):
    def test_sample_pair(self):
        """The real programs on the rendered walk, as a job."""
        pose, analyze, sample = (os.environ.get(n, "") for n in ("GAIT_POSE", "GAIT_ANALYZE", "GAIT_SAMPLE"))
        weights = os.environ.get("GAIT_WEIGHTS", "")
        if not all(map(os.path.exists, (pose or "/none", analyze or "/none", f"{sample}/front.mp4", weights or "/none"))):
            self.skipTest("gait-pose, its weights or the sample pair are not built (target sample_pair)")
        c = self.c
        for path in (pose, analyze):
            subprocess.run(["cp", path, str(c.engines)], check=True)
        subprocess.run(["cp", "-rL", weights, str(c.engines / "weights")], check=True)
        subprocess.run(["chmod", "-R", "a+rX", str(c.engines)], check=True)
        peer = Peer({v: pathlib.Path(sample, f"{v}.mp4").read_bytes() for v in ("front", "side")})
        self.addCleanup(peer.__exit__)
        self.start("sample", peer, settings={"GAIT_POSE": c.engines / "gait-pose", "GAIT_ANALYZE": c.engines / "gait-analyze",
                                             "GAIT_WEIGHTS": c.engines / "weights"})
        self.assertEqual(c.ended("sample", 150), "COMPLETED", self.log("sample"))
        result = json.loads(peer.outputs["result.json"])
        self.assertTrue(result, self.log("sample"))
        self.assertGreater(len(peer.outputs["overlay_front.mp4"]), 10000)
        self.assertEqual(peer.shown, [])


if __name__ == "__main__":
    need_cluster()
    unittest.main()
