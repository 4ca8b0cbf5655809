"""Upload → S3 → SSH → qsub → engine → check-in → completion → SMTP, with real servers all the way.

Direct: the job checks in by HTTP and fetches from the store by presigned URLs; the engine runs in Podman.
Relay: the job's network is cut, all that it needs and makes travels by gait-cluster through the SSH session.

Both look for secrets wherever somebody else could see them: what the scheduler tells, every process while the job runs,
all logs.
"""

import email
import email.policy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from gaitd import BIN, SOURCE, Gaitd, main, wait_until

BUILD = pathlib.Path(os.environ.get("GAITD_BUILD", BIN.parent))
SAMPLE = BUILD / "sample"
WEIGHTS = SOURCE / "build" / "weights"
MODEL = SOURCE / "models" / "demonstration"
SUPPORT = SOURCE / "tests" / "support"
RADOSGW = os.environ.get("RADOSGW", "")
SKIPPED = 77
SECONDS = 540  # under the sanitizers, on a machine that others use too
SMTP_PASSWORD = "correct horse battery staple"

FILES = {"result.json", "report.pdf", "overlay_front.mp4", "overlay_side.mp4", "parameters.csv", "markers.trc", "angles.mot",
         "curves.svg", "events.svg", "table.svg", "keypoints_front.tar.gz", "keypoints_side.tar.gz"}


class Skip(Exception):
    """Why it cannot be tried here."""


class Cluster:
    """Slurm and sshd with an account of their own, and the engine's programs where that account can read them."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gait-e2e-", dir="/tmp"))
        self.folder.chmod(0o755)

    def start(self, *settings):
        done = subprocess.run([SUPPORT / "cluster.sh", "start", self.folder, *settings], capture_output=True, text=True,
                              timeout=120)
        if done.returncode == SKIPPED:
            raise Skip(done.stderr.strip())
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        self.account = (self.folder / "account").read_text().strip()
        self.env = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def stand_in_gpus(self):
        """Starts Slurm again with an /etc of its own, in which a specification has devices that stand for its GPUs."""
        etc = self.folder / "etc"
        (etc / "upper" / "cdi").mkdir(parents=True, mode=0o755)
        (etc / "work").mkdir(mode=0o755)
        devices = [{"name": n, "containerEdits": {"env": [f"STANDIN_GPU={n}"]}} for n in ("0", "1", "all")]
        (etc / "upper" / "cdi" / "nvidia.json").write_text(
            json.dumps({"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": devices}))
        mount = f"mount -t overlay -o lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work overlay /etc && exec \"$@\""
        private = ["unshare", "-m", "bash", "-c", mount, "-"]
        tried = subprocess.run([*private, "test", "-d", "/etc/cdi"], capture_output=True, text=True, timeout=60)
        if tried.returncode != 0:
            raise Skip(f"no /etc of its own for the compute node: {tried.stderr.strip()}")
        for argv in ([SUPPORT / "slurm.sh", "stop", self.folder], [*private, SUPPORT / "slurm.sh", "start", self.folder]):
            subprocess.run(argv, check=True, timeout=120)

    def readable_copy(self, source, name):
        to = self.folder / name
        if source.is_dir():
            shutil.copytree(source, to)
        else:
            shutil.copy2(source, to)
        subprocess.run(["chmod", "-R", "a+rX", to], check=True)
        return to

    def settings(self):
        return {
            "cluster.driver": "pbs", "cluster.scheduler": "slurm", "cluster.host": "127.0.0.1",
            "cluster.port": (self.folder / "port").read_text().strip(), "cluster.user": self.account,
            "cluster.key_file": self.folder / "id_ed25519", "cluster.known_hosts_file": self.folder / "known_hosts",
            "cluster.cpus": "2", "cluster.memory": "4GB", "cluster.status_interval": "500ms",
        }

    def told_by_scheduler(self):
        """Everything that any user of the cluster may ask for."""
        return "".join(subprocess.run(c, env=self.env, capture_output=True, text=True, timeout=60, errors="replace").stdout
                       for c in (["qstat", "-f"], ["scontrol", "-o", "show", "job"], ["squeue", "-o", "%all"]))

    def logs(self):
        """Text of every log of the cluster's side, and of what is left in the account's home."""
        found = {}
        for top in (self.folder / "slurm", self.folder / "sshd", self.folder / "home"):
            for path in top.rglob("*"):
                # The key and the attempt's job.json hold secrets by design; that they are 0600 is looked at elsewhere.
                if path.is_file() and "key" not in path.parts and path.name not in ("job.json", "host_ed25519") \
                        and path.stat().st_size < 10_000_000:
                    found[str(path)] = path.read_bytes().decode(errors="replace")
        return found

    def attempts(self):
        top = self.folder / "home" / "gaitd"
        return sorted(p.name for p in top.iterdir() if p.name[0] != ".") if top.exists() else []

    def processes(self):
        """Of the account, by /proc: pid to command line and environment."""
        uid, found = int(subprocess.run(["id", "-u", self.account], capture_output=True, text=True).stdout), {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat(f"/proc/{pid}").st_uid == uid:
                    found[pid] = "\0".join(pathlib.Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
                                           for name in ("cmdline", "environ"))
            except OSError:
                continue
        return found

    def stop(self):
        subprocess.run([SUPPORT / "cluster.sh", "stop", self.folder], check=True, timeout=120)
        shutil.rmtree(self.folder, ignore_errors=True)


class MailServer:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gait-smtp-"))
        self.process = subprocess.Popen(["/usr/bin/python3", SUPPORT / "smtp.py", self.folder, "--tls", "starttls", "--user", "gaitd",
                                         "--password", SMTP_PASSWORD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().split()[1]
        password = self.folder / ".password"
        password.write_text(SMTP_PASSWORD + "\n")
        password.chmod(0o600)

    def settings(self):
        return {"mail.driver": "smtp", "mail.smtp_host": "localhost", "mail.smtp_port": self.port, "mail.smtp_user": "gaitd",
                "mail.smtp_password_file": self.folder / ".password", "mail.smtp_ca_file": self.folder / "ca.pem",
                "mail.from": "gait@clinic.example"}

    def messages(self):
        return [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in sorted(self.folder.iterdir())
                if not p.name.startswith(".") and p.name not in ("ca.pem", "sessions")]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
        shutil.rmtree(self.folder)


class Store:
    """A bucket of one's own at radosgw."""

    def __init__(self):
        self.folder = pathlib.Path(RADOSGW)
        self.bucket = f"gait-e2e-{os.getpid()}-{os.urandom(3).hex()}"
        self.secret = (self.folder / "secret_key").read_text().strip()
        done = self.curl("PUT", "")
        if done.returncode != 0:
            raise AssertionError(f"no bucket: {done.stderr}")

    def curl(self, method, path):
        config = (f'user = "{(self.folder / "access_key").read_text().strip()}:{self.secret}"\n'
                  'aws-sigv4 = "aws:amz:us-east-1:s3"\n')
        url = f"{(self.folder / 'endpoint').read_text().strip()}/{self.bucket}{path}"
        return subprocess.run(["curl", "-sSf", "-X", method, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-K", "-", url],
                              input=config, capture_output=True, text=True, timeout=60)

    def keys(self):
        done = self.curl("GET", "?list-type=2")
        return re.findall(r"<Key>([^<]*)</Key>", done.stdout)

    def settings(self):
        return {"blob.driver": "s3", "blob.s3_endpoint": (self.folder / "endpoint").read_text().strip(),
                "blob.s3_bucket": self.bucket, "blob.s3_region": "us-east-1", "blob.s3_style": "path",
                "blob.s3_access_key": (self.folder / "access_key").read_text().strip(),
                "blob.s3_secret_key_file": self.folder / "secret_key"}


class Watch(threading.Thread):
    """Looks at every process of the cluster's account, and at what the scheduler tells, while attempts run."""

    def __init__(self, cluster):
        super().__init__()
        self.cluster, self.over = cluster, threading.Event()
        self.seen, self.told, self.tokens, self.modes = {}, "", set(), set()

    def run(self):
        top = self.cluster.folder / "home" / "gaitd"
        while not self.over.wait(0.2):
            for text in self.cluster.processes().values():
                self.seen[text] = self.seen.get(text, 0) + 1
            for path in list(top.glob("*/job.json")):
                try:
                    self.modes.add(path.stat().st_mode & 0o777)
                    self.tokens.add(json.loads(path.read_text())["token"])
                except (OSError, ValueError):
                    continue
            if self.tokens and len(self.told) < 1_000_000:
                self.told += self.cluster.told_by_scheduler()


class WholeWay(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.stop)

    def begin(self, *cluster_settings, gpus, transfer="direct"):
        try:
            self.cluster.start(*cluster_settings)
            if gpus:
                self.cluster.stand_in_gpus()
        except Skip as why:
            self.skipTest(str(why))
        self.mail = MailServer()
        self.addCleanup(self.mail.stop)
        self.store = Store()
        self.d = Gaitd("real", {**self.cluster.settings(), **self.mail.settings(), **self.store.settings(),
                                "model.allow_demonstration": "yes", "cluster.gpus": gpus, "cluster.transfer": transfer})
        self.addCleanup(self.d.close)
        self.d.start()
        self.token = self.d.person()

    def test_direct_with_podman(self):
        done = subprocess.run([SOURCE / "containers" / "pose-cpu" / "build", "--bin", BIN, "--weights", WEIGHTS, "--model", MODEL,
                               "--out", self.cluster.folder / "image"], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.begin("GAIT_ENGINE=podman", f"GAIT_IMAGE={self.cluster.folder}/image/pose-cpu.tar",
                   "GAIT_MODEL=/usr/share/gait/model", gpus=1)
        job, watch = self.walk()
        self.assertTrue(any("STANDIN_GPU=0\0" in text or "STANDIN_GPU=1\0" in text for text in watch.seen), "no GPU came in")
        kept = self.store.keys()
        self.assertEqual(sum(k.startswith(f"jobs/{job}/") for k in kept), 2 + len(FILES), kept)  # both videos too
        self.assertEqual(self.d.request("DELETE", f"/api/v1/jobs/{job}", self.token).status, 204)
        wait_until(lambda: not self.store.keys(), lambda: f"an empty bucket: {self.store.keys()}")
        self.doctor()

    def test_relay_without_a_network(self):
        programs = [f"GAIT_POSE={self.cluster.readable_copy(BIN / 'gait-pose', 'gait-pose')}",
                    f"GAIT_ANALYZE={self.cluster.readable_copy(BIN / 'gait-analyze', 'gait-analyze')}",
                    f"GAIT_WEIGHTS={self.cluster.readable_copy(WEIGHTS, 'weights')}",
                    f"GAIT_MODEL={self.cluster.readable_copy(MODEL, 'model')}"]
        self.begin("GAIT_ENGINE=direct", *programs, gpus=0, transfer="relay")
        # The job runs in a network namespace of its own, in which not even loopback is up.
        script = self.cluster.folder / "pbs" / "gait-job.pbs"
        text = script.read_text()
        cut = 'if [ -z "${CUT:-}" ]; then CUT=1 exec unshare --map-current-user --net bash "$0" "$@"; fi\n'
        script.write_text(text.replace("set -uo pipefail\n", cut + "set -uo pipefail\n", 1))
        self.assertIn(cut, script.read_text())
        job, watch = self.walk()
        self.assertTrue(any("\0CUT=1\0" in text for text in watch.seen), "the job was not cut off")
        self.assertEqual([x for x in self.d.logged("http.request") if "/attempts/" in x["route"] or "completion" in x["route"]], [])
        self.assertEqual({r["step"] for r in self.d.rows("SELECT step FROM events WHERE job = ? AND kind = 'progress'", job)}
                         - {"download", "pose_front", "pose_side", "analyze", "overlay_front", "overlay_side", "upload"}, set())

    def walk(self):
        """The sample pair from upload to mail; the job's id, and what could be seen meanwhile."""
        truth = json.loads((SAMPLE / "truth.json").read_text())
        watch = Watch(self.cluster)
        watch.start()
        try:
            job = self.d.new_job(self.token, front=(SAMPLE / "front.mp4").read_bytes(), side=(SAMPLE / "side.mp4").read_bytes(),
                                 height=f"{truth['height_m']}m", email="ann@example.org", result_by_email="score")
            self.d.wait_job(job, "complete", seconds=SECONDS)
        finally:
            watch.over.set()
            watch.join()
        result = self.d.get(f"/api/v1/jobs/{job}/result", self.token).json
        self.assertAlmostEqual(result["parameters"]["cadence"]["value"], truth["cadence_steps_per_min"], delta=2)
        self.assertIsNotNone(result["score"]["value"], result["score"])
        files = self.d.get(f"/api/v1/jobs/{job}", self.token).json["files"]
        self.assertEqual({f["name"] for f in files}, FILES)
        self.mails(job)
        wait_until(lambda: self.d.rows("SELECT 1 FROM attempts WHERE forgotten_ms IS NOT NULL"),
                   lambda: f"a forgotten attempt: {self.d.rows('SELECT * FROM attempts')}")
        self.assertEqual(self.cluster.attempts(), [])
        self.assertEqual(self.d.rows("SELECT n FROM attempts"), [{"n": 1}])
        self.no_secret(watch)
        return job, watch

    def mails(self, job):
        def came():
            messages = self.mail.messages()
            return messages if len(messages) >= 2 and not self.d.rows("SELECT 1 FROM outbox WHERE state = 'pending'") else None
        messages = wait_until(came, lambda: f"two mails: {self.d.rows('SELECT * FROM outbox')}")
        self.assertEqual({m["Message-ID"][1:].split(".")[0] for m in messages}, {"received", "result"})
        self.assertEqual(len(messages), 2)
        for m in messages:
            self.assertIn(job, m["Message-ID"])
            self.assertEqual((m["To"], m["From"].addresses[0].addr_spec), ("ann@example.org", "gait@clinic.example"))

    def no_secret(self, watch):
        self.assertTrue(watch.tokens, "the attempt's token was never seen where it may be")
        self.assertEqual(watch.modes, {0o600})
        self.assertTrue(watch.told, "the scheduler was never asked while the attempt ran")
        self.assertTrue(any("gait-job" in text for text in watch.seen), "the job's processes were never seen")
        secrets = {*watch.tokens, self.store.secret, SMTP_PASSWORD, self.token}
        logs = "".join(r["log"] for r in self.d.rows("SELECT log FROM attempts"))
        self.assertIn("attempt ", logs)
        for where, text in {"processes": "\n".join(watch.seen), "scheduler": watch.told, "gaitd's log": self.d.stderr(),
                            "attempts' logs": logs, **self.cluster.logs()}.items():
            for secret in secrets:
                self.assertNotIn(secret, text, where)
            self.assertNotRegex(text, r"X-Amz-Signature=[0-9a-f]|[?&]signature=[0-9A-Za-z]", where)

    def doctor(self):
        done = self.d.ctl_run("doctor")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("BAD", done.stdout)
        for step in ("host key", "forced command", "write, read, delete", "login"):
            self.assertRegex(done.stdout, rf"(?m)^.*{step}.*\bok\b|^.*\bok\b.*{step}")


if __name__ == "__main__":
    for path in (SAMPLE / "side.mp4", WEIGHTS / "pose_landmark_full.tflite"):
        if not path.exists():
            print(f"skipped: {path} is not there (cmake --build … --target sample_pair, scripts/weights)")
            sys.exit(SKIPPED)
    if not os.path.exists(os.path.join(RADOSGW, "endpoint")):
        print("skipped: no radosgw (see support.radosgw_start)")
        sys.exit(SKIPPED)
    main()
