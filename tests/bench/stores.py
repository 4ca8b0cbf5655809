"""Rows about the object store: one large video to radosgw, against s3cmd and the AWS command line."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import radosgw  # noqa: E402
from s3 import Bucket  # noqa: E402
from servers import BIN, Place  # noqa: E402
from table import Row, alternate, median, ratios, row  # noqa: E402

MEGABYTES = int(os.environ.get("BENCH_S3_MB", "500"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


def run(argv, **env):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=600,
                          env={**os.environ, **env})
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {done.stderr.strip()[-400:]}")
    return done.stdout


class Store:
    """A server, a bucket and the video, which lies in a memory file."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        radosgw.start(self.folder / "radosgw")
        os.environ["RADOSGW"] = str(self.folder / "radosgw")
        self.bucket = Bucket.make()
        self.video = pathlib.Path(f"/dev/shm/bench-s3-{os.getpid()}")
        with open(self.video, "wb") as f:
            for _ in range(MEGABYTES):
                f.write(os.urandom(1000) * 1000)
        self.memory = []

    def end(self):
        self.video.unlink(missing_ok=True)
        radosgw.stop(self.folder / "radosgw")

    def emptied(self, put):
        """@put's megabytes a second. The object goes before the next one comes: the server keeps them in memory."""
        def once():
            begun = time.monotonic()
            seconds = put() or time.monotonic() - begun
            for key in self.bucket.keys():
                self.bucket.ask("DELETE", key)
            return MEGABYTES / seconds
        return once

    def ours(self):
        out = json.loads(run([BIN / "bench_s3", self.video, "video"], S3_ENDPOINT=self.bucket.endpoint,
                             S3_BUCKET=self.bucket.name, S3_ACCESS=self.bucket.access,
                             S3_SECRET_FILE=str(self.bucket.folder / "secret_key")))
        self.memory.append(out["added_kib"] / 1024)
        return out["seconds"]

    def s3cmd(self):
        """Its own line says how long the transfer took; Python's start is not counted."""
        host = self.bucket.endpoint.split("//")[1]
        config = self.folder / "s3cmd.conf"
        config.write_text(f"[default]\naccess_key = {self.bucket.access}\nsecret_key = {self.bucket.secret}\n"
                          f"host_base = {host}\nhost_bucket = {host}\nuse_https = False\nbucket_location = us-east-1\n")
        config.chmod(0o600)
        begun = time.monotonic()
        run(["s3cmd", "-c", config, "--no-progress", "put", self.video, f"s3://{self.bucket.name}/video"])
        whole = time.monotonic() - begun
        return whole - self.start_up(["s3cmd", "-c", config, "--version"])

    def aws(self):
        begun = time.monotonic()
        env = {"AWS_ACCESS_KEY_ID": self.bucket.access, "AWS_SECRET_ACCESS_KEY": self.bucket.secret,
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": "/nonexistent"}
        run([AWS, "--endpoint-url", self.bucket.endpoint, "s3", "cp", "--only-show-errors", self.video,
             f"s3://{self.bucket.name}/video"], **env)
        return time.monotonic() - begun - self.start_up([AWS, "--version"])

    @staticmethod
    def start_up(argv):
        begun = time.monotonic()
        run(argv)
        return time.monotonic() - begun


AWS = "/usr/bin/aws" if os.path.exists("/usr/bin/aws") else shutil.which("aws")


@row("store")
def store():
    peers = {"s3cmd": shutil.which("s3cmd"), "aws": AWS}
    if not any(peers.values()):
        raise RuntimeError("neither s3cmd nor aws is installed: scripts/setup bench")
    with Place() as folder:
        s = Store(folder)
        try:
            runs = {"ours": s.emptied(s.ours)}
            runs.update({name: s.emptied(getattr(s, name)) for name, there in peers.items() if there})
            rates = alternate(ROUNDS, **runs)
        finally:
            s.end()
        for name in runs:
            if name != "ours":
                each = ratios(rates["ours"], rates[name])
                yield Row(f"video to S3 against {name}", median(each), f"x {name}", ">=", 0.9,
                          f"{median(rates['ours']):.0f} against {median(rates[name]):.0f} MB/s, {MEGABYTES} MB to radosgw "
                          "in memory", each)
        yield Row("memory of a video to S3", max(s.memory), "MiB", "<=", 16,
                  f"{MEGABYTES} MB, 4 parts of 16 MB at once; parts are read as they are sent", s.memory)
