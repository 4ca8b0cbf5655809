"""What doctor's tests share: a report judged as a whole, so that one broken part accuses no other, and the servers
that doctor is sent to, each with the settings that suit it."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from gaitd import SOURCE, Gaitd
from s3request import s3_request

PARTS = ["settings", "data", "gaitd", "store", "cluster", "mail"]


class Report:
    """One run of `gaitctl doctor`, as JSON and as text."""

    def __init__(self, d, *args, settings=None):
        done = d.ctl_run("--json", "doctor", *args, settings=settings)
        self.code, self.stderr = done.returncode, done.stderr
        self.json = json.loads(done.stdout)
        self.steps = self.json["steps"]

    def bad(self, part=None):
        return [s for s in self.steps if s["outcome"] == "bad" and part in (None, s["part"])]

    def bad_parts(self):
        return [p for p, what in self.json["parts"].items() if not what["ok"]]

    def step(self, part, name):
        return next(s for s in self.steps if (s["part"], s["step"]) == (part, name))

    def __str__(self):
        return "\n".join(f"{s['part']:9} {s['step']:24} {s['outcome']:7} {s['text']} [{s['settings']}] {s['todo']}"
                         for s in self.steps) + f"\n{self.stderr}"


class DoctorTest(unittest.TestCase):
    """Subclasses have self.d, a gaitd that runs, and are content with everything as it stands."""

    def content(self, *args, settings=None):
        report = Report(self.d, *args, settings=settings)
        self.assertEqual((report.code, report.bad()), (0, []), f"\n{report}")
        self.assertTrue(report.json["ok"])
        return report

    def finds(self, part, setting, *words, also=(), args=(), settings=None):
        """Only @part (and its line among the settings, and the parts @also) is BAD; the first line to mend names
        @setting and says what to do; @words stand in what the part says."""
        report = Report(self.d, *args, settings=settings)
        self.assertIn(report.code, (69, 78), f"\n{report}")
        # What a setting's own line says, its part need not say again.
        self.assertLessEqual(set(report.bad_parts()), {"settings", part, *also}, f"\n{report}")
        first = report.json["first"]
        self.assertIn(setting, first["settings"].split(", "), f"\n{report}")
        self.assertTrue(first["todo"], f"nothing to do is said:\n{report}")
        said = " ".join(s["text"] + " " + s["todo"] for s in report.bad())
        for word in words:
            self.assertIn(word, said, f"\n{report}")
        return report


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(77)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def word(folder, name):
    return (folder / name).read_text().strip()


def secret(d, name, text, mode=0o600):
    path = d.root / name
    path.write_text(text)
    path.chmod(mode)
    return path


class Store:
    """The radosgw that CTest's fixture started, with a bucket of this test's own."""

    def __init__(self, d):
        self.folder = pathlib.Path(os.environ.get("RADOSGW", "/nonexistent"))
        if not (self.folder / "endpoint").exists():
            skip("RADOSGW names no S3 server (CTest's fixture was skipped)")
        self.bucket = f"doctor-{os.getpid()}"
        status, answer = self.request("PUT")
        if status != 200:
            raise AssertionError(f"bucket: {status} {answer}")
        self.settings = {
            "blob.driver": "s3", "blob.s3_endpoint": word(self.folder, "endpoint_tls"), "blob.s3_ca_file": self.folder / "ca.pem",
            # What compute nodes use: theirs is another authority's business.
            "blob.s3_public_endpoint": word(self.folder, "endpoint"),
            "blob.s3_bucket": self.bucket, "blob.s3_access_key": word(self.folder, "access_key"),
            "blob.s3_secret_key_file": secret(d, "s3_secret", word(self.folder, "secret_key") + "\n")}

    def request(self, method, query="", body=b""):
        return s3_request(*(word(self.folder, n) for n in ("endpoint", "access_key", "secret_key")), method, f"/{self.bucket}", query, body)

    def close(self):
        self.request("DELETE")


class Mail:
    """tests/support/smtp.py with STARTTLS and a login."""

    def __init__(self, d):
        self.folder = d.root / "smtp"
        self.process = subprocess.Popen([sys.executable, SOURCE / "tests" / "support" / "smtp.py", self.folder, "--user", "gaitd",
                                         "--password", "a password for mail"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.settings = {
            "mail.driver": "smtp", "mail.smtp_host": "127.0.0.1", "mail.smtp_port": self.process.stdout.readline().split()[1],
            "mail.smtp_user": "gaitd", "mail.smtp_password_file": secret(d, "smtp_password", "a password for mail\n"),
            "mail.smtp_ca_file": self.folder / "ca.pem", "mail.from": "gaitd@example.org"}

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


class Cluster:
    """tests/support/cluster.sh of its own: settings on the cluster's side are broken here, too."""

    SCRIPT = SOURCE / "tests" / "support" / "cluster.sh"

    def __init__(self, d):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gait-doctor-", dir="/tmp"))
        self.folder.chmod(0o755)  # the account reads there
        done = subprocess.run([self.SCRIPT, "start", self.folder, "GAIT_POSE=/bin/true", "GAIT_ANALYZE=/bin/true"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            self.close()
            if done.returncode == 77:
                skip(done.stderr.strip().splitlines()[-1])
            raise AssertionError(f"cluster.sh: {done.returncode}\n{done.stdout}{done.stderr}")
        self.conf = self.folder / "home" / ".config" / "gaitd" / "cluster.conf"
        self.keys = self.folder / "sshd" / "authorized_keys"
        self.settings = {
            "cluster.driver": "pbs", "cluster.host": "127.0.0.1", "cluster.port": word(self.folder, "port"),
            "cluster.user": word(self.folder, "account"), "cluster.scheduler": "slurm",
            "cluster.key_file": secret(d, "cluster_key", (self.folder / "id_ed25519").read_text()),
            "cluster.known_hosts_file": secret(d, "known_hosts", (self.folder / "known_hosts").read_text(), 0o644)}

    def close(self):
        subprocess.run([self.SCRIPT, "stop", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class ChainTest(DoctorTest):
    """A gaitd over the servers named in @servers, which are self.store, self.mail, self.its."""

    servers = {}

    @classmethod
    def setUpClass(cls):
        cls.d, cls.started = Gaitd("parked"), []
        try:
            cls.d.settings["http.listen"] = f"127.0.0.1:{free_port()}"
            for name, server in cls.servers.items():
                cls.started.append(server(cls.d))
                setattr(cls, name, cls.started[-1])
                cls.d.settings.update(cls.started[-1].settings)
            cls.d.start()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            if cls.d.process:
                cls.d.stop()
        finally:
            for server in cls.started:
                server.close()
            cls.d.close()

    def quickly(self, part, setting, *words, **settings):
        return self.finds(part, setting, *words, args=["--quick"], settings=settings)

    def foreign_ca(self):
        """An authority that signed nothing here."""
        path = self.d.root / "foreign.pem"
        if not path.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", "/CN=nobody", "-keyout", self.d.root / "foreign.key", "-out", path], check=True, stderr=subprocess.DEVNULL)
        return path
