"""The shared Slurm and sshd (tests/support/cluster.sh) as the tests of pbs/ use them: gait-cluster called as the
cluster's account, by SSH or directly with settings of a test's own."""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "job_script"))
from peer import TOKEN  # noqa: E402

RECORD = pathlib.Path(os.environ.get("GAIT_CLUSTER_RECORD", "/nonexistent"))


def need_cluster():
    """Ends the program as skipped where the fixture was."""
    if not RECORD.is_file():
        print(f"skipped: no cluster was started ({RECORD}; tests/support/cluster.sh setup)")
        sys.exit(77)


class Answer:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr.decode(errors="replace")
        self.text = done.stdout.decode(errors="replace")

    def __repr__(self):
        return f"code {self.code}, out {self.text[:2000]!r}, err {self.err[:2000]!r}"


class Status:
    """The answer of `status`, taken apart."""

    def __init__(self, data):
        self.ids, self.outcomes, self.runs, self.progress, self.blocks = {}, {}, {}, {}, []
        lines = data.split(b"\n", 1)
        self.head, rest = lines[0].decode(), lines[1]
        self.whole = False
        while rest:
            line, rest = rest.split(b"\n", 1)
            word, _, value = line.decode().partition(" ")
            name, _, value = value.partition(" ")
            if word == "attempt":
                self.ids[name] = value
            elif word == "outcome":
                self.outcomes[name] = json.loads(value)
            elif word == "run":
                self.runs[name] = value
            elif word == "progress":
                self.progress[name] = value
            elif word == "scheduler":
                code, size = map(int, value.split())
                self.blocks.append((name, code, rest[:size].decode()))
                rest = rest[size:]
            elif word == "end":
                self.whole = rest == b""
                break
            else:
                raise AssertionError(f"unknown line {line!r}")


class Cluster:
    """One ROOT, so that test programs that share the servers do not see each other's attempts."""

    def __init__(self, **settings):
        self.folder = pathlib.Path(RECORD.read_text().strip())
        self.account = (self.folder / "account").read_text().strip()
        self.entry = pwd.getpwnam(self.account)
        self.slurm_conf = str(self.folder / "slurm.conf")
        self.own = pathlib.Path(tempfile.mkdtemp(prefix="gait-test-", dir=self.folder))
        self.own.chmod(0o755)
        self.pbs = self.own / "pbs"
        shutil.copytree(SOURCE / "pbs", self.pbs)
        self.root = self.own / "attempts"
        self.root.mkdir(mode=0o700)
        os.chown(self.root, self.entry.pw_uid, self.entry.pw_gid)
        self.scratch = self.own / "scratch"
        self.scratch.mkdir(mode=0o700)
        os.chown(self.scratch, self.entry.pw_uid, self.entry.pw_gid)
        self.engines = self.own / "engines"
        self.engines.mkdir()
        for name in ("engine.sh", "analyze.sh"):
            shutil.copy(HERE.parent / "job_script" / name, self.engines / name)
        subprocess.run(["chmod", "-R", "a+rX", str(self.pbs), str(self.engines)], check=True)
        self.settings = {"ROOT": self.root, "GAIT_SCRATCH": self.scratch, "GAIT_POSE": self.engines / "engine.sh",
                         "GAIT_ANALYZE": self.engines / "analyze.sh", "GAIT_COMPLETION_S": 30, **settings}
        self.number = 0

    def close(self):
        self.as_account(["scancel", "-u", self.account, "--name", ",".join(f"g-{n}" for n in self.attempts()) or "none"])
        shutil.rmtree(self.own, ignore_errors=True)

    def attempts(self):
        return [p.name for p in self.root.iterdir() if not p.name.startswith(".")]

    def install(self, name):
        """Another version of the scripts."""
        with (self.pbs / "relay.sh").open("a") as file:
            file.write(f"# {name}\n")

    def conf(self, **settings):
        """A file of settings; None leaves one out."""
        self.number += 1
        path = self.own / f"conf.{self.number}"
        path.write_text("# for a test\n" + "".join(f"{k}={v}\n" for k, v in {**self.settings, **settings}.items()
                                                    if v is not None))
        path.chmod(0o644)
        return str(path)

    def environment(self, **extra):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.folder / "home"), "SLURM_CONF": self.slurm_conf, **extra}

    def command(self, words, wrap=(), **env):
        return [*wrap, "setpriv", f"--reuid={self.entry.pw_uid}", f"--regid={self.entry.pw_gid}", "--init-groups", "env",
                "-i", *(f"{k}={v}" for k, v in self.environment(**env).items()), *map(str, words)]

    def as_account(self, words, stdin=b"", wrap=(), seconds=60, **env):
        return Answer(subprocess.run(self.command(words, wrap, **env), input=stdin, capture_output=True, timeout=seconds,
                                     check=False, cwd=self.folder / "home"))

    def gait(self, *words, stdin=b"", wrap=(), env=None, seconds=60, **settings):
        return self.as_account([self.pbs / "gait-cluster", "--config", self.conf(**settings), *words], stdin, wrap,
                               seconds, **(env or {}))

    def ssh(self, *words, stdin=b"", seconds=60):
        return Answer(subprocess.run(
            ["ssh", "-F", "none", "-i", str(self.folder / "id_ed25519"), "-p", (self.folder / "port").read_text().strip(),
             "-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}", "-o", "BatchMode=yes",
             f"{self.account}@127.0.0.1", "--", *words], input=stdin, capture_output=True, timeout=seconds, check=False))

    def status(self, **settings):
        answer = self.gait("status", **settings)
        if answer.code != 0:
            raise AssertionError(answer)
        return Status(answer.out)

    def jobs(self, attempt):
        """Ids of all jobs that the scheduler has had under the attempt's name."""
        answer = self.as_account(["squeue", "-h", "-t", "all", "-o", "%A", "-n", f"g-{attempt}"])
        return answer.text.split()

    def state(self, job):
        answer = self.as_account(["scontrol", "-o", "show", "job", job])
        return dict(w.split("=", 1) for w in answer.text.split() if "=" in w)

    def wait(self, what, condition, seconds=30):
        """For what only another process can bring about and nobody tells: looked at often, bounded."""
        end = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"did not come in {seconds} s: {what() if callable(what) else what}")
            time.sleep(0.05)

    def ended(self, attempt, seconds=60):
        """Waits until the scheduler's word is that the job is over, and returns that word."""
        job = (self.root / attempt / "id").read_text().strip()

        def over():
            state = self.state(job).get("JobState", "")
            return state if state not in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING") else None
        return self.wait(f"the end of {attempt}", over, seconds)

    def tools(self, name, **scripts):
        """A folder of scheduler's commands: each is Slurm's, or a script of the test."""
        folder = self.own / name
        folder.mkdir()
        for tool in ("qsub", "qstat", "qdel", "qselect", "squeue", "scontrol"):
            path = folder / tool
            path.write_text("#!/bin/bash\n" + scripts.get(tool, scripts.get("every", f'exec /usr/bin/{tool} "$@"\n')))
            path.chmod(0o755)
        return folder


def request(attempt, qsub=None, callback_url="http://127.0.0.1:9/api/v1", token=TOKEN, walltime_s=600, relay=False,
            walltime="00:10:00", **more):
    if qsub is None:
        qsub = ["-N", f"g-{attempt}", "-l", f"nodes=1:ppn=1,walltime={walltime}", "-r", "n", "-j", "oe", "-m", "n"]
    return json.dumps({"version": 1, "attempt": attempt, "token": token, "callback_url": callback_url,
                       "walltime_s": walltime_s, "want_gpu": False, "relay": relay, "qsub": qsub, **more},
                      separators=(",", ":")).encode() + b"\n"


class ClusterTest(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.c = Cluster(**cls.settings)
        cls.addClassCleanup(cls.c.close)

    def good(self, answer):
        self.assertEqual(answer.code, 0, answer)
        return answer.text

    def refused(self, answer, code, words=""):
        self.assertEqual(answer.code, code, answer)
        self.assertEqual(len(answer.err.strip().split("\n")), 1, answer)
        self.assertIn(words, answer.err)
        self.assertNotIn(TOKEN, answer.err)

    def submit(self, attempt, **more):
        settings = more.pop("settings", {})
        return self.good(self.c.gait("submit", attempt, stdin=request(attempt, **more), **settings)).strip()
