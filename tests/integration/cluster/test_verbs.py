#!/usr/bin/env python3
"""Each verb of pbs/gait-cluster against a real Slurm: what it refuses, what it does once however often it is asked,
what it does when it is killed, when the scheduler hangs, when the disk is full."""

import concurrent.futures
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from cluster_env import SOURCE, ClusterTest, Status, need_cluster, request
from peer import TOKEN


class Requests(ClusterTest):
    def test_by_ssh(self):
        """The forced command, and nothing else, whatever is asked for."""
        c = self.c
        self.assertEqual(self.good(c.ssh("version")), "gait-cluster 1 slurm\n")
        for words, code in ((("status",), 0), (("id",), 64), (("",), 64), (("status;", "id"), 64), (("$(id)",), 64),
                            (("version", "`id`"), 64), (("version\nid",), 64), (("log", "a1", "10", "x"), 64),
                            (("--config", "/etc/passwd", "version"), 64)):
            answer = c.ssh(*words)
            self.assertEqual(answer.code, code, (words, answer))
            self.assertNotIn("uid=", answer.text)
        answer = c.ssh("submit", "by-ssh-1", stdin=request("by-ssh-1"))
        job = self.good(answer).strip()
        self.assertEqual(self.good(c.ssh("submit", "by-ssh-1", stdin=request("by-ssh-1"))).strip(), job)
        self.assertEqual(Status(c.ssh("status").out).ids["by-ssh-1"], job)
        self.good(c.ssh("cancel", "by-ssh-1"))
        c.wait("forgetting", lambda: c.ssh("forget", "by-ssh-1").code == 0)
        self.assertNotIn("by-ssh-1", Status(c.ssh("status").out).ids)

    def test_malformed_requests(self):
        c = self.c
        for words in ((), ("dance",), ("version", "x"), ("submit",), ("submit", "Ab"), ("submit", "a" * 48), ("submit", "."),
                      ("submit", "../x"), ("cancel", "a/b"), ("log", "a", "x"), ("log", "a", "0"),
                      ("put", "a", "../x", "1", "0" * 64), ("put", "a", ".x", "1", "0" * 64), ("put", "a", "x", "-1", "0" * 64),
                      ("put", "a", "x", "1", "0" * 63), ("get", "a", "x", "y"), ("get", "a", "X", "1"), ("forget", "a b"),
                      ("log", "a;id", "10")):
            self.refused(c.gait(*words), 64)
        self.assertEqual(c.attempts(), [])

    def test_malformed_submissions(self):
        c = self.c
        name = ["-N", "g-bad"]
        rows = (b"", b"{}\n", b"not json\n", request("bad")[:-3] + b"\n", request("bad") [:-2] + b"}}\n",
                request("bad", version=2), request("other"), request("bad", token="short"), request("bad", token="to ken-12345"),
                request("bad", token='to\\"ken-12345'), request("bad", callback_url="file:///etc/passwd"),
                request("bad", callback_url="http://x/$(id)"), request("bad", walltime_s=0),
                request("bad", walltime_s="600;id"), request("bad", relay="yes"), request("bad", extra={"a": 1}),
                request("bad").replace(b'"relay":false', b'"relay":'), request("bad").replace(b'600,', b'600'),
                request("bad").replace(b'"]}', b'",]}'), request("bad")[:-1] + b'"\n', request("bad").replace(b'{', b'{ '),
                request("bad").replace(b'"token"', b'"to$(id)"'), request("bad").replace(b'"token":', b'"token",'),
                request("bad", token="*" * 9), request("bad", qsub=["-N", "g-bad", "-q", "*"]), request("bad", qsub=["-N", ""]),
                request("bad", qsub=["-N", "g-other"]), request("bad", qsub=[*name, "-v", "A=b"]),
                request("bad", qsub=[*name, "-l", "nodes=1;id"]), request("bad", qsub=[*name, "-l", "$(id)"]),
                request("bad", qsub=[*name, "-l", "-I"]), request("bad", qsub=[*name, "-q"]),
                request("bad", qsub=[*name, "-W", "block=true"]), request("bad", qsub=[*name, "-o", "/tmp/x"]),
                request("bad", qsub=[*name, "-I", "-X"]), request("bad", qsub=[*name, "-q", "a b"]),
                request("bad", qsub=[*name, "-m", "e", "-M", "x"]), request("bad", qsub=[*name, "/bin/true"]))
        for line in rows:
            with self.subTest(line=line):
                self.refused(c.gait("submit", "bad", stdin=line), 64)
        self.assertEqual(c.attempts(), [])
        self.assertEqual(c.jobs("bad"), [])

    def test_settings(self):
        c = self.c
        for settings, words in (({"ROOT": "relative"}, "ROOT"), ({"ROOT": "/tmp/a;id"}, "NAME=value"), ({"SCHEDULER": "lsf"}, "SCHEDULER"),
                                ({"TIMEOUT_S": "0"}, "TIMEOUT_S"), ({"BIN": "/nonexistent"}, "no qsub"), ({"SHELL": "x"}, "SHELL"),
                                ({"GAIT_ATTEMPT_DIR": "/x"}, "GAIT_ATTEMPT_DIR"), ({"GAIT_POSE": "a b"}, "NAME=value"),
                                ({"GAIT_POSE": "$(id)"}, "NAME=value"), ({"ROOT": "/proc/gait"}, None)):
            with self.subTest(settings=settings):
                answer = c.gait("status", **settings)
                if words is None:
                    self.assertEqual(answer.code, 74, answer)
                else:
                    self.refused(answer, 78, words)
        self.refused(c.as_account([c.pbs / "gait-cluster", "--config", "/nonexistent", "version"]), 78)
        (c.own / "link").symlink_to(c.pbs / "gait-cluster")
        self.good(c.as_account([c.own / "link", "--config", c.conf(), "version"]))


class Submissions(ClusterTest):
    def tearDown(self):
        for attempt in self.c.attempts():
            self.c.gait("cancel", attempt)

    def test_once(self):
        c = self.c
        job = self.submit("once")
        self.assertEqual([self.submit("once") for _ in range(3)], [job] * 3)
        self.assertEqual(c.jobs("once"), [job])
        folder = c.root / "once"
        self.assertEqual(oct((folder / "job.json").stat().st_mode & 0o777), "0o600")
        self.assertEqual(oct(folder.stat().st_mode & 0o777), "0o700")
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "job.json":
                self.assertNotIn(TOKEN, path.read_text(errors="replace"), path)
        status = c.status()
        self.assertTrue(status.whole)
        self.assertEqual(status.ids["once"], job)
        self.assertIn(("scontrol", 0), [b[:2] for b in status.blocks])
        self.assertIn("JobName=g-once", status.blocks[0][2])
        self.refused(c.gait("forget", "once"), 75, "still runs")
        self.good(c.gait("cancel", "once"))
        self.good(c.gait("cancel", "once"))
        self.assertEqual(c.ended("once"), "CANCELLED")
        self.good(c.gait("forget", "once"))
        self.good(c.gait("forget", "once"))
        self.good(c.gait("cancel", "once"))
        self.assertFalse(folder.exists())
        self.assertEqual(self.good(c.gait("log", "once", "100")), "")

    def test_at_the_same_moment(self):
        c = self.c
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: c.gait("submit", "many", stdin=request("many")), range(6)))
        self.assertEqual({a.code for a in answers} - {75}, {0}, answers)
        jobs = {a.text.strip() for a in answers if a.code == 0}
        self.assertEqual(len(jobs), 1, answers)
        self.assertEqual(set(c.jobs("many")), jobs)

    def test_killed_at_every_step(self):
        c = self.c
        names = ("submit.folder", "submit.job_json", "submit.scripts", "submit.script", "submit.marker", "submit.qsub", "submit.id")
        source = (SOURCE / "pbs" / "cluster-submit.sh").read_text()
        self.assertEqual(sorted(set(re.findall(r"^\s*fault (submit\.\w+)", source, re.M))), sorted(names))
        for name in names:
            with self.subTest(name=name):
                attempt = name.replace(".", "-").replace("_", "-")
                if name == "submit.scripts": # else they lie there already
                    c.install("killed")
                answer = c.gait("submit", attempt, stdin=request(attempt), env={"GAIT_CLUSTER_FAULT": name})
                self.assertEqual(answer.code, -signal.SIGKILL, answer)
                job = self.submit(attempt)
                self.assertEqual(self.submit(attempt), job)
                self.assertEqual(c.jobs(attempt), [job])

    def versions(self):
        return sorted(p.name for p in self.c.root.glob(".pbs-*"))

    def runs(self, attempt):
        """The folder of scripts that an attempt runs."""
        return pathlib.Path(re.search(r"(\S*)/gait-job.pbs", (self.c.root / attempt / "job.sh").read_text()).group(1))

    def test_one_copy_of_the_scripts_a_version(self):
        c = self.c
        self.submit("v1-a")
        self.submit("v1-b")
        first = self.runs("v1-a")
        self.assertEqual(self.runs("v1-b"), first)
        self.assertEqual({p.name for p in first.iterdir()},
                         {p.name for p in c.pbs.glob("*") if p.suffix in (".sh", ".pbs") and not p.name.startswith("cluster-")})
        before = shutil.copy2(c.pbs / "relay.sh", c.own / "relay.before")
        old = (first / "relay.sh").read_bytes()
        gone = list(c.root.glob(".gone*"))
        c.install("second")
        with concurrent.futures.ThreadPoolExecutor(6) as pool: # none of them finds it there
            answers = list(pool.map(lambda n: c.gait("submit", f"v2-{n}", stdin=request(f"v2-{n}")), range(6)))
        self.assertEqual([a.code for a in answers], [0] * 6, answers)
        second, = {self.runs(f"v2-{n}") for n in range(6)}
        self.assertNotEqual(second, first)
        self.assertEqual((first / "relay.sh").read_bytes(), old)
        self.assertEqual(list(c.root.glob(".gone*")), gone)
        count = len(self.versions())
        os.utime(c.pbs / "relay.sh") # the same content at another time is the same version
        self.submit("v2-touched")
        self.assertEqual(self.runs("v2-touched"), second)
        shutil.copy2(before, c.pbs / "relay.sh") # an older one comes back with its older time
        self.submit("v1-again")
        self.assertEqual(self.runs("v1-again"), first)
        self.assertEqual(len(self.versions()), count)
        for attempt in c.attempts():
            self.good(c.gait("cancel", attempt))
        for attempt in c.attempts():
            c.wait("forgetting", lambda a=attempt: c.gait("forget", a).code == 0)
        self.assertIn(f"removed {second.name}\n", self.good(c.gait("sweep")))
        self.assertEqual(self.versions(), [first.name]) # which is installed

    def test_sweep_leaves_scripts_that_are_run(self):
        c = self.c
        self.submit("runs-old")
        c.install("third")
        self.good(c.gait("sweep"))
        self.assertTrue((self.runs("runs-old") / "gait-job.pbs").exists())

    def test_nothing_of_the_environment_runs(self):
        """Where sshd is told to accept more than it should, or a login script exports functions."""
        c = self.c
        trap = c.own / "bash_env"
        trap.write_text("echo hijacked; exit 1\n")
        trap.chmod(0o644)
        for number, env in enumerate(({"BASH_ENV": str(trap)}, {"BASH_FUNC_timeout%%": "() { echo 66666; }"},
                                      {"SHELLOPTS": "xtrace"}, {"CDPATH": str(c.own), "IFS": "s"})):
            with self.subTest(env=env):
                attempt = f"env-{number}"
                answer = c.gait("submit", attempt, stdin=request(attempt), env=env)
                self.assertEqual(self.good(answer).split(), c.jobs(attempt), answer)
                self.assertEqual(answer.err, "")

    def test_a_job_of_another_account(self):
        """Anybody may call a job as he likes, also as an attempt's that is expected to come."""
        c = self.c
        theirs = subprocess.run(["qsub", "-N", "g-theirs", "-l", "nodes=1:ppn=1,walltime=00:01:00", "-o", "/dev/null", "-j", "oe",
                                 "-q", "closed", str(c.engines / "engine.sh")], env={"PATH": "/usr/bin:/bin", "SLURM_CONF": c.slurm_conf},
                                capture_output=True, text=True, check=True).stdout.strip()
        try:
            c.gait("submit", "theirs", stdin=request("theirs"), env={"GAIT_CLUSTER_FAULT": "submit.marker"})
            ours = self.submit("theirs")
            self.assertNotEqual(ours, theirs)
            self.assertEqual(sorted(c.jobs("theirs")), sorted([ours, theirs]))
        finally:
            subprocess.run(["scancel", theirs], env={"PATH": "/usr/bin:/bin", "SLURM_CONF": c.slurm_conf}, check=False)

    def test_words_of_another_account(self):
        """A job's name may hold a line, and the line may say what became of a job of ours."""
        c = self.c
        job = self.submit("spoofed", qsub=["-N", "g-spoofed", "-l", "nodes=1:ppn=1,walltime=00:01:00", "-q", "closed"])
        env = {"PATH": "/usr/bin:/bin", "SLURM_CONF": c.slurm_conf}
        theirs = subprocess.run(["sbatch", "--parsable", "-p", "closed", "-o", "/dev/null", "--job-name",
                                 f"x\nJobId={job} JobName=g-spoofed JobState=FAILED ExitCode=1:0 Reason=None", c.engines / "engine.sh"],
                                env=env, capture_output=True, text=True, check=True).stdout.strip()
        try:
            kind, code, words = c.status().blocks[0]
            self.assertEqual((kind, code), ("scontrol", 0))
            self.assertEqual(words.count(f"JobId={job} "), 1)
            self.assertNotIn("FAILED", words)
        finally:
            subprocess.run(["scancel", theirs], env=env, check=False)

    def test_a_folder_of_another_account(self):
        theirs = self.c.own / "theirs"
        theirs.mkdir()
        theirs.chmod(0o777)
        self.refused(self.c.gait("submit", "elsewhere", stdin=request("elsewhere"), ROOT=theirs), 78, "another account")
        self.assertEqual(list(theirs.iterdir()), [])

    def test_faults_are_not_for_clients(self):
        answer = self.c.as_account([self.c.pbs / "gait-cluster", "--config", self.c.conf()],
                                   stdin=request("no-fault"), GAIT_CLUSTER_FAULT="submit.folder",
                                   SSH_ORIGINAL_COMMAND="submit no-fault")
        self.good(answer)

    def test_killed_while_qsub_speaks(self):
        """The call is dead, its qsub is not: a second call must wait for it, not put another beside it."""
        c = self.c
        flag = c.own / "qsub-started"
        os.mkfifo(flag)
        flag.chmod(0o666)
        tools = c.tools("slow", qsub=f'echo x >{flag}\nread -r -t 2 <>{flag}\nexec /usr/bin/qsub "$@"\n')
        words = [c.pbs / "gait-cluster", "--config", c.conf(BIN=tools, SCHEDULER="slurm"), "submit", "orphan"]
        process = subprocess.Popen(c.command(words), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, cwd=c.folder / "home")
        process.stdin.write(request("orphan"))
        process.stdin.close()
        with flag.open() as started:
            started.read(1)
        process.kill()
        process.wait()
        job = self.submit("orphan")
        self.assertEqual(c.jobs("orphan"), [job])

    def test_refused_by_the_scheduler(self):
        c = self.c
        rows = ((["-q", "nowhere"], "artition"), (["-l", "nodes=1:ppn=1:gpus=9"], ""),
                (["-A", "someone"], None))
        for number, (words, text) in enumerate(rows):
            with self.subTest(words=words):
                attempt = f"refused-{number}"
                answer = c.gait("submit", attempt, stdin=request(attempt, qsub=["-N", f"g-{attempt}", *words]))
                if text is None: # without accounting, Slurm takes any account
                    self.good(answer)
                    continue
                self.refused(answer, 65, text)
                self.assertFalse((c.root / attempt / "job.json").exists())
                self.assertEqual(c.status().ids.get(attempt), "-")
                self.good(c.gait("forget", attempt))

    def test_never_satisfied(self):
        """It waits for ever; the scheduler's own words say why."""
        c = self.c
        self.submit("closed", qsub=["-N", "g-closed", "-l", "nodes=1:ppn=1,walltime=00:01:00", "-q", "closed"])
        c.wait("the reason", lambda: "Reason=PartitionDown" in c.status().blocks[0][2])
        self.good(c.gait("cancel", "closed"))
        self.assertEqual(c.ended("closed"), "CANCELLED")
        self.assertFalse((c.root / "closed" / "run").exists())
        self.good(c.gait("forget", "closed"))

    def test_cancel_before_submit(self):
        c = self.c
        data = b"x" * 10
        self.good(c.gait("put", "early", "order.json", "10", hashlib.sha256(data).hexdigest(), stdin=data))
        self.good(c.gait("cancel", "early"))
        self.assertEqual(c.status().ids["early"], "-")
        self.good(c.gait("forget", "early"))

    def test_unknown_at_the_scheduler(self):
        """Purged, or never there: it says nothing about it, and nothing fails."""
        c = self.c
        self.submit("purged")
        self.good(c.gait("cancel", "purged"))
        c.ended("purged")
        (c.root / "purged" / "id").write_text("999999\n")
        status = c.status()
        self.assertTrue(status.whole)
        self.assertNotIn("JobId=999999", status.blocks[0][2])
        self.good(c.gait("cancel", "purged"))
        self.good(c.gait("forget", "purged"))


class Troubles(ClusterTest):
    def tearDown(self):
        for attempt in self.c.attempts():
            self.c.gait("cancel", attempt)

    def test_hung_scheduler(self):
        c = self.c
        self.submit("hung")
        job = (c.root / "hung" / "id").read_text()
        for name, script in (("hangs", "exec sleep 600\n"), ("deaf", "trap '' TERM\nsleep 9 & wait\nsleep 600\n")):
            tools = {"BIN": c.tools(name, every=script), "SCHEDULER": "slurm", "TIMEOUT_S": 1}
            started = time.monotonic()
            status = c.status(**tools)
            self.assertTrue(status.whole)
            self.assertEqual(status.ids["hung"], job.strip())
            self.assertIn(status.blocks[0][1], (124, 137))
            self.assertLess(time.monotonic() - started, 10)
        tools = {"BIN": c.own / "hangs", "SCHEDULER": "slurm", "TIMEOUT_S": 1}
        self.refused(c.gait("cancel", "hung", **tools), 69)
        self.refused(c.gait("forget", "hung", **tools), 69)
        self.refused(c.gait("submit", "hung-2", stdin=request("hung-2"), **tools), 69)
        # What became of it is not known: asked again while it hangs, it must not be tried blindly.
        self.refused(c.gait("submit", "hung-2", stdin=request("hung-2"), **tools), 69)
        job = self.submit("hung-2")
        self.assertEqual(c.jobs("hung-2"), [job])

    def test_controller_is_away(self):
        c = self.c
        conf = c.own / "slurm-away.conf"
        text = (c.folder / "slurm.conf").read_text()
        port = next(line for line in text.split("\n") if line.startswith("SlurmctldPort="))
        conf.write_text(text.replace(port, "SlurmctldPort=9\nMessageTimeout=3"))
        conf.chmod(0o644)
        self.submit("away")
        away = {"env": {"SLURM_CONF": str(conf)}, "TIMEOUT_S": 3}
        self.refused(c.gait("submit", "away-2", stdin=request("away-2"), **away), 69)
        self.refused(c.gait("cancel", "away", **away), 69)
        self.refused(c.gait("forget", "away", **away), 69)
        answer = c.gait("status", **away)
        self.good(answer)
        self.assertTrue(all(code != 0 for _, code, _ in Status(answer.out).blocks))
        self.assertTrue((c.root / "away").exists())

    def small_disk(self, size):
        small = self.c.own / f"small-{size}"
        small.mkdir()
        owner = f"uid={self.c.entry.pw_uid},gid={self.c.entry.pw_gid},mode=700"
        wrap = ["unshare", "-m", "bash", "-c", f'mount -t tmpfs -o size={size},{owner} tmpfs "$0" && exec "$@"', str(small)]
        tried = subprocess.run([*wrap, "true"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            self.skipTest(f"no mount here: {tried.stderr.strip()}")
        return small, wrap

    def test_full_disk(self):
        c = self.c
        small, wrap = self.small_disk("16k")
        self.refused(c.gait("submit", "full", stdin=request("full"), wrap=wrap, ROOT=small), 73)
        self.assertEqual(c.jobs("full"), [])
        data = os.urandom(1000000)
        wrap[4] = wrap[4].replace('exec "$@"', '"$@"; code=$?; find "$0" -name "*front*" >&2; exit $code')
        put = c.gait("put", "full", "front.mp4", len(data), hashlib.sha256(data).hexdigest(), stdin=data, wrap=wrap, ROOT=small)
        self.refused(put, 73)
        self.assertNotIn("in/", put.err)

    def test_sweep(self):
        c = self.c
        for attempt in ("old", "alive", "fresh"):
            self.submit(attempt)
        for attempt in ("old", "fresh"):
            self.good(c.gait("cancel", attempt))
            c.ended(attempt)
        c.wait("alive runs", lambda: (c.root / "alive" / "run").exists())
        c.as_account(["mkdir", c.root / ".gone.x.1"])
        for name in ("old", "alive", ".gone.x.1"):
            c.as_account(["find", c.root / name, "-exec", "touch", "-d", "30 days ago", "{}", "+"])
        answer = c.gait("sweep")
        self.assertEqual(answer.code, 0, answer)
        self.assertEqual(sorted(answer.text.split("\n")[:2]), ["removed .gone.x.1", "removed old"])
        self.assertIn("alive", c.attempts())
        self.assertIn("fresh", c.attempts())
        self.assertNotIn("old", c.attempts())
        self.assertEqual(list(c.root.glob(".gone*")), [])


class Files(ClusterTest):
    def put(self, name, data, ssh=False, announced=None):
        announced = data if announced is None else announced
        words = ("put", "relayed", name, str(len(announced)), hashlib.sha256(announced).hexdigest())
        return self.c.ssh(*words, stdin=data) if ssh else self.c.gait(*words, stdin=data)

    def names(self):
        return sorted(p.name for p in (self.c.root / "relayed" / "in").iterdir() if not p.name.endswith(".sum"))

    def test_put(self):
        data = os.urandom(3000000)
        self.assertEqual(self.good(self.put("front.mp4", data)), "send\nok\n")
        self.assertEqual((self.c.root / "relayed" / "in" / "front.mp4").read_bytes(), data)
        self.assertEqual(self.good(self.put("front.mp4", data)), "have\nok\n")
        self.assertEqual(self.good(self.put("front.mp4", data[:-1])), "send\nok\n") # another content replaces it
        self.assertEqual((self.c.root / "relayed" / "in" / "front.mp4").read_bytes(), data[:-1])
        self.refused(self.put("side.mp4", data[:-1], announced=data), 74, "other bytes")
        self.refused(self.put("side.mp4", b"y" + data[1:], announced=data), 74, "other bytes")
        self.assertNotIn("side.mp4", self.names())
        self.assertEqual(self.good(self.put("side.mp4", data + b"more", announced=data)), "send\nok\n")
        self.assertEqual(self.good(self.put("empty", b"")), "send\nok\n")
        self.assertEqual([n for n in self.names() if n.startswith(".")], [])

    def test_put_killed(self):
        data = os.urandom(100000)
        for fault in ("put.written", "put.sum"):
            for before in (b"", b"earlier"):
                name = f"{fault}{len(before)}"
                if before:
                    self.good(self.put(name, before))
                words = ("put", "relayed", name, str(len(data)), hashlib.sha256(data).hexdigest())
                answer = self.c.gait(*words, stdin=data, env={"GAIT_CLUSTER_FAULT": fault})
                self.assertEqual(answer.code, -signal.SIGKILL)
                path = self.c.root / "relayed" / "in" / name
                self.assertIn(path.read_bytes() if path.exists() else None, (None, before))
                self.assertEqual(self.good(self.put(name, data)), "send\nok\n")
                self.assertEqual(path.read_bytes(), data)

    def test_put_at_the_same_moment(self):
        data = os.urandom(1000000)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.put("both.mp4", data), range(4)))
        self.assertEqual({a.code for a in answers} - {75}, {0}, answers)
        self.assertEqual((self.c.root / "relayed" / "in" / "both.mp4").read_bytes(), data)

    def test_get(self):
        c = self.c
        data = os.urandom(2000000)
        self.good(self.put("x", b"x"))
        c.as_account(["mkdir", "-p", c.root / "relayed" / "out"])
        c.as_account(["dd", f"of={c.root / 'relayed' / 'out' / 'result.json'}"], stdin=data)
        head = f"{len(data)} {hashlib.sha256(data).hexdigest()}\n".encode()
        self.assertEqual(c.gait("get", "relayed", "result.json", len(data)).out, head + data)
        answer = c.gait("get", "relayed", "result.json", len(data) - 1)
        self.assertEqual((answer.code, answer.out), (0, head))
        self.refused(c.gait("get", "relayed", "nothing", "10"), 2)
        self.refused(c.gait("get", "nobody", "result.json", "10"), 2)

    def test_by_ssh(self):
        c = self.c
        data = os.urandom(2000000)
        words = ("relayed-ssh", "front.mp4", str(len(data)), hashlib.sha256(data).hexdigest())
        self.assertEqual(self.good(c.ssh("put", *words, stdin=data)), "send\nok\n")
        folder = c.folder / "home" / "gaitd" / "relayed-ssh"
        c.as_account(["mv", folder / "in", folder / "out"])
        answer = c.ssh("get", "relayed-ssh", "front.mp4", "9999999")
        self.assertEqual(answer.out.split(b"\n", 1)[1], data)
        self.good(c.ssh("forget", "relayed-ssh"))
        self.assertFalse(folder.exists())


class Probe(ClusterTest):
    def probe(self, qsub, store="", **settings):
        line = request("x", qsub=qsub, callback_url="http://127.0.0.1:9/", store_url=store, wait_s=settings.pop("wait_s", 30))
        text = self.good(self.c.gait("probe", stdin=line, **settings))
        return {line.split(" ")[1]: (line.split(" ")[0], line) for line in text.strip().split("\n")}

    def test_probe(self):
        c = self.c
        qsub = ["-N", "g-probe-1", "-l", "nodes=1:ppn=1,walltime=00:01:00"]
        with open(os.devnull, "wb") as nothing, subprocess.Popen(
                ["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"], cwd=c.engines, stdout=subprocess.PIPE,
                stderr=nothing, text=True) as server:
            try:
                port = server.stdout.readline().split(" port ")[1].split(" ")[0]
                found = self.probe(qsub, store=f"http://127.0.0.1:{port}/nothing-here")
            finally:
                server.kill()
        for step in ("folder", "tools", "scheduler", "qsub", "node-tools", "scratch", "store", "engine"):
            self.assertEqual(found[step][0], "ok", found)
        self.assertEqual(found["callback"][0], "failed", found)
        self.assertIn("HTTP 404", found["store"][1])
        self.assertEqual(list(c.root.glob(".probe*")), [])

    def test_probe_finds(self):
        c = self.c
        qsub = ["-N", "g-probe-2", "-l", "nodes=1:ppn=1,walltime=00:01:00"]
        self.assertEqual(self.probe([])["job"][0], "skipped")
        found = self.probe(qsub, GAIT_ANALYZE="/nonexistent/gait-analyze")
        self.assertEqual((found["engine"][0], found["store"][0]), ("failed", "skipped"), found)
        found = self.probe([*qsub, "-q", "closed"], wait_s=1)
        self.assertEqual(found["job"][0], "failed")
        self.assertIn("PartitionDown", found["job"][1])
        self.assertEqual(self.probe([*qsub, "-q", "nowhere"])["qsub"][0], "failed")
        self.assertEqual(self.probe(qsub, BIN="/nonexistent")["tools"][0], "failed")
        self.assertEqual(self.probe(qsub, ROOT="/proc/gait")["folder"][0], "failed")
        c.as_account(["mkdir", "-m", "770", c.scratch / "open"])
        self.assertIn("may write", self.probe(qsub, ROOT=c.scratch / "open")["folder"][1])
        hangs = c.tools("probe-hangs", every="exec sleep 600\n")
        self.assertEqual(self.probe(qsub, BIN=hangs, SCHEDULER="slurm", TIMEOUT_S=1)["scheduler"][0], "failed")
        self.refused(c.gait("probe", stdin=request("x", qsub=["-N", "g-x"])), 64)
        c.wait("jobs are gone", lambda: c.as_account(["squeue", "-h", "-n", "g-probe-2"]).text == "")


if __name__ == "__main__":
    need_cluster()
    unittest.main()
