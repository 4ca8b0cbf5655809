"""gaitctl doctor over the whole chain: a cluster (sshd, Slurm), a store (radosgw) and a mail server. One thing is broken
at a time, here or on the cluster's side, and only that part may be accused, by the setting's name and with what to do."""

import http.server
import json
import shutil
import socket
import subprocess
import sys
import threading

from doctortest import ChainTest, Cluster, Mail, Report, Store, free_port, word
from gaitd import main


class Picky(http.server.BaseHTTPRequestHandler):
    """Answers root and nobody else: a firewall that compute nodes cannot pass."""

    def setup(self):
        super().setup()
        # Both ends: the kernel lends a port to several connections at once, and one that is over is nobody's, which reads as root's.
        ends = ["%08X:%04X" % (int.from_bytes(socket.inet_aton(host), sys.byteorder), port)
                for host, port in (self.client_address, self.server.server_address)]
        with open("/proc/net/tcp", encoding="ascii") as f:
            self.uid = next((int(row.split()[7]) for row in f if row.split()[1:3] == ends), None)

    def do_GET(self):
        if self.uid != 0:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Chain(ChainTest):
    servers = {"its": Cluster, "store": Store, "mail": Mail}

    def test_cluster_host(self):
        self.quickly("cluster", "cluster.host", "no.such.cluster.invalid", **{"cluster.host": "no.such.cluster.invalid"})
        self.quickly("cluster", "cluster.port", **{"cluster.port": free_port()})

    def hosts_file(self, line):
        path = self.d.root / "other_known_hosts"
        path.write_text(line + "\n")
        return {"cluster.known_hosts_file": path}

    def test_cluster_host_key_that_changed(self):
        self.key("another_host")
        public = (self.d.root / "another_host.pub").read_text().split()[:2]
        port = word(self.its.folder, "port")
        report = self.quickly("cluster", "cluster.known_hosts_file", "SHA256:",
                              **self.hosts_file(f"[127.0.0.1]:{port} {' '.join(public)}"))
        self.assertEqual(report.bad("cluster")[0]["text"].count("SHA256:"), 2, "both fingerprints")

    def test_cluster_host_key_that_is_not_known(self):
        self.quickly("cluster", "cluster.known_hosts_file", "SHA256:", **self.hosts_file("# nobody"))

    def key(self, name):
        path = self.d.root / name
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        return path

    def test_cluster_key_that_the_account_does_not_know(self):
        report = self.quickly("cluster", "cluster.key_file", "authorized_keys", **{"cluster.key_file": self.key("strange_key")})
        self.assertEqual(report.bad("cluster")[0]["step"], "login")

    def test_cluster_account_that_is_not_there(self):
        self.quickly("cluster", "cluster.user", **{"cluster.user": "nobody-of-this-name"})

    def test_cluster_key_file(self):
        self.quickly("cluster", "cluster.key_file", **{"cluster.key_file": self.d.root / "no-such-key"})
        key = self.d.root / "open_key"
        shutil.copy(self.its.folder / "id_ed25519", key)
        key.chmod(0o644)
        self.quickly("cluster", "cluster.key_file", "chmod 600", **{"cluster.key_file": key})

    def line_for(self, name, line):
        """One more line in the account's authorized_keys, for a key of its own."""
        key = self.key(name)
        before = self.its.keys.read_text()
        self.addCleanup(self.its.keys.write_text, before)
        self.its.keys.write_text(before + line + key.with_suffix(".pub").read_text())
        return {"cluster.key_file": key}

    def test_cluster_forced_command(self):
        for name, line in (("missing", 'restrict,command="/no/such/gait-cluster" '), ("none", ""), ("other", 'restrict,command="/bin/true" ')):
            with self.subTest(name):
                report = self.quickly("cluster", "cluster.command", "gait-cluster", "authorized_keys", **self.line_for(f"key_{name}", line))
                self.assertEqual(report.step("cluster", "login")["outcome"], "ok")

    def on_the_other_side(self, line):
        before = self.its.conf.read_text()
        self.addCleanup(self.its.conf.write_text, before)
        self.its.conf.write_text(before + line + "\n")

    def test_cluster_conf(self):
        """What is wrong on the cluster's side has no setting here: the file there is named."""
        for line, word in (("ROOT=/proc/nowhere", "/proc/nowhere"), ("BIN=/no/such/bin", "/no/such/bin"), ("NONSENSE=1", "NONSENSE")):
            with self.subTest(line):
                self.on_the_other_side(line)
                report = Report(self.d, "--quick")
                self.assertEqual(report.bad_parts(), ["cluster"], f"\n{report}")
                self.assertIn(word, report.json["first"]["text"])
                self.assertIn("cluster.conf", report.json["first"]["text"] + report.json["first"]["todo"])
                self.doCleanups()

    def test_engine_that_nodes_lack(self):
        self.on_the_other_side("GAIT_POSE=/no/such/gait-pose")
        report = Report(self.d)
        self.assertEqual(report.bad_parts(), ["cluster"], f"\n{report}")
        self.assertEqual(report.json["first"]["step"], "engine")
        self.assertIn("cluster.conf", report.json["first"]["todo"])

    def test_cluster_queue(self):
        report = self.finds("cluster", "cluster.queue", settings={"cluster.queue": "no-such-queue"})
        self.assertEqual(report.bad("cluster")[0]["step"], "qsub")

    def test_way_back_that_only_nodes_lack(self):
        """The web host reaches its own public address, the cluster's account does not: only the test job can tell."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Picky)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        report = self.finds("cluster", "http.public_url", "does not reach",
                            settings={"http.public_url": f"http://127.0.0.1:{server.server_port}"})
        self.assertEqual([s["step"] for s in report.bad()], ["callback"])

    def test_relay_asks_nothing_of_the_nodes_network(self):
        report = self.content(settings={"cluster.transfer": "relay"})
        for step in ("callback", "store"):
            self.assertEqual(report.step("cluster", step)["outcome"], "skipped")

    def test_all_is_well(self):
        report = self.content()
        self.assertEqual([s for s in report.steps if s["outcome"] == "skipped"], [], f"\n{report}")
        steps = {(s["part"], s["step"]) for s in report.steps}
        for step in ([("store", "TLS"), ("store", "write, read, delete"), ("store", "clock"), ("mail", "login"), ("cluster", "host key"),
                      ("cluster", "login"), ("cluster", "qsub"), ("cluster", "callback"), ("cluster", "store")]):
            self.assertIn(step, steps, f"\n{report}")

    def test_no_secret_is_told(self):
        report = Report(self.d)
        for secret in ("a password for mail", word(self.store.folder, "secret_key"), "X-Amz-Signature"):
            self.assertNotIn(secret, str(report) + json.dumps(report.json))


if __name__ == "__main__":
    main()
