"""Rows about the cluster behind SSH: what gaitd adds to a qsub, and how fast it reads a status answer. As root: Slurm with
its PBS commands and sshd are started for it, as the tests do (tests/support/cluster.sh)."""

import os
import pathlib
import subprocess
import time

from servers import BIN, SOURCE, Place
from table import Row, alternate, median, ratios, row

ATTEMPTS, WARM = 1000, 10
SUPPORT = SOURCE / "tests" / "support" / "cluster.sh"
# Takes no job: what is submitted stays queued and disturbs nothing.
QUEUE = "closed"


class Cluster:
    """A small cluster in a folder of its own, with a second key that may run anything."""

    def __init__(self):
        self.place = Place()

    def __enter__(self):
        self.folder = self.place.__enter__()
        os.chmod(self.folder, 0o755)
        done = subprocess.run(["bash", SUPPORT, "start", self.folder], stderr=subprocess.PIPE, text=True, timeout=120)
        if done.returncode:
            self.__exit__()
            raise RuntimeError(done.stderr.strip())
        self.account = (self.folder / "account").read_text().strip()
        self.port = (self.folder / "port").read_text().strip()
        self.free_key = self.folder / "free"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.free_key], check=True)
        with (self.folder / "sshd" / "authorized_keys").open("a") as keys:
            keys.write(pathlib.Path(f"{self.free_key}.pub").read_text())
        self.script = self.folder / "job.sh"
        self.script.write_text("#!/bin/bash\nexit 0\n")
        self.script.chmod(0o755)
        self.count = 0
        return self

    def __exit__(self, *_):
        subprocess.run(["bash", SUPPORT, "stop", self.folder], check=False, timeout=120)
        self.place.__exit__()

    def words(self):
        self.count += 1
        return ["qsub", "-N", f"g-raw-{self.count}", "-l", "nodes=1:ppn=1,walltime=00:01:00", "-q", QUEUE, "-r", "n", "-m", "n",
                "-W", "umask=077", "-j", "oe", "-o", "/dev/null", str(self.script)]

    def timed(self, command, **more):
        start = time.monotonic()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False, **more)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout.strip()}")
        return (time.monotonic() - start) * 1e3

    def over_ssh(self):
        return self.timed(["ssh", "-F", "none", "-i", self.free_key, "-p", self.port, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
                           "-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}", f"{self.account}@127.0.0.1", *self.words()])

    def submit(self, count):
        self.count += 1
        done = subprocess.run([BIN / "bench_cluster", "submit", "127.0.0.1", self.port, self.account, self.folder / "id_ed25519",
                               self.folder / "known_hosts", QUEUE, f"b{self.count}", str(count)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return [float(x) for x in done.stdout.split()]

    def session(self):
        """`true` over a warm session: what SSH alone takes."""
        done = subprocess.run([BIN / "bench_cluster", "ssh", "127.0.0.1", self.port, self.account, self.free_key,
                               self.folder / "known_hosts", "true", str(WARM + 1)], stdout=subprocess.PIPE, text=True, timeout=60,
                              check=True)
        return min(float(x) for x in done.stdout.split()[1:])

    def dispatch(self):
        """A submission and the plain qsub of such a job, each over a warm session, in turns: lists of milliseconds."""
        self.count += 1
        done = subprocess.run([BIN / "bench_cluster", "dispatch", "127.0.0.1", self.port, self.account, self.folder / "id_ed25519",
                               self.folder / "known_hosts", QUEUE, f"d{self.count}", str(WARM), self.free_key,
                               " ".join(self.words())], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return [[float(x) for x in line.split()] for line in done.stdout.splitlines()]

    def cold(self):
        return self.submit(1)[0]


@row("cluster")
def cluster():
    rounds = int(os.environ.get("BENCH_ROUNDS", "5"))
    with Place() as folder:
        done = subprocess.run([BIN / "bench_cluster", "parse", str(ATTEMPTS), "15", folder / "jobs.json"], stdout=subprocess.PIPE,
                              text=True, check=True, timeout=60)
        ms = [float(x) for x in done.stdout.split()]
        start = time.monotonic()
        subprocess.run(["jq", ".Jobs | length", folder / "jobs.json"], stdout=subprocess.DEVNULL, check=True)
        jq = (time.monotonic() - start) * 1e3
        size = (folder / "jobs.json").stat().st_size / 1e6
        yield Row("a status answer of 1,000 attempts", min(ms), "ms", "<=", 20,
                  f"processor time, best of 15, median {median(ms):.1f}; {size:.1f} MB of JSON; jq takes {jq:.0f} ms to read it", ms)
    with Cluster() as c:
        c.submit(2)
        seen = alternate(rounds, dispatch=c.dispatch, session=c.session)
        ours = [x for round_ in seen["dispatch"] for x in round_[0]]
        theirs = [x for round_ in seen["dispatch"] for x in round_[1]]
        yield Row("a submission beyond its qsub", median(ours) - median(theirs), "ms", "<=", 5,
                  f"medians of {len(ours)}, in turns: {median(ours):.1f} against {median(theirs):.1f} ms of qsub over a warm session too; "
                  f"the best of each {min(ours):.1f} and {min(theirs):.1f}; SSH takes {median(seen['session']):.1f} of both",
                  [median(x) - median(y) for x, y in seen["dispatch"]])
        seen = alternate(rounds * 2, ssh=c.over_ssh, cold=c.cold)
        both = ratios(seen["cold"], seen["ssh"])
        yield Row("a submission with a new connection", median(both), "x ssh qsub", "<=", 1.1,
                  f"{median(seen['cold']):.0f} against {median(seen['ssh']):.0f} ms", both)
