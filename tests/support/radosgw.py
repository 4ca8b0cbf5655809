#!/usr/bin/env python3
"""A real S3 server for tests: one Ceph monitor, one OSD and radosgw, on loopback, in one folder.

    radosgw.py start FOLDER     about 6 s; answers when the server does. Ends what an earlier start left there
    radosgw.py stop FOLDER      ends the three daemons, by the process ids that they wrote, and empties FOLDER
    radosgw.py run PROGRAM …    a server for the duration of one program, which finds FOLDER in RADOSGW

FOLDER then has, readable for its owner alone, one value and a newline each:

    endpoint         http://127.0.0.1:PORT
    endpoint_tls     https://127.0.0.1:PORT, with a certificate that ca.pem signed (127.0.0.1, s3.localhost and buckets below it)
    access_key  secret_key              a user who may make buckets
    other_access_key  other_secret_key  one more, a stranger to the first one's buckets
    ca.pem                              the certification authority, made for this server

CTest starts it once for all programs that need it (FIXTURES_REQUIRED radosgw); each makes its own buckets. Objects
lie in memory. `start` ends with 77 and one line where it cannot run here: not root, or Ceph's packages are absent.
"""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin", "openssl")
DAEMONS = ("client.rgw", "osd.0", "mon.a")
ACCESS, SECRET = "testaccess1234567890", "testsecret+/abcdefghijklmnopqrstuvwxyz12"
OTHER_ACCESS, OTHER_SECRET = "otheraccess123456789", "othersecret+/abcdefghijklmnopqrstuvwxy12"
# A store in memory, with nothing of the machine's own configuration. With "auth none" the monitors' default of
# "secure" connections only cannot work; a small pool count and short garbage collection keep it small.
CONF = """[global]
fsid = {fsid}
mon_initial_members = a
mon_host = [v2:127.0.0.1:{mon}/0,v1:127.0.0.1:{mon1}/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_port_min = {osd_min}
ms_bind_port_max = {osd_max}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
auth_supported = none
ms_mon_client_mode = crc secure
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
run_dir = {dir}/run
log_file = {dir}/log/$name.log
pid_file = {dir}/run/$name.pid
admin_socket = {dir}/run/$name.asok
crash_dir = {dir}/log
mon_data = {dir}/mon
osd_data = {dir}/osd
osd_objectstore = memstore
memstore_device_bytes = 8589934592
osd_class_load_list = *
osd_class_default_list = *
[mon]
mon_cluster_log_file = {dir}/log/cluster.log
mon_data_avail_crit = 1
mon_data_avail_warn = 2
paxos_propose_interval = 0.05
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:{rgw} ssl_endpoint=127.0.0.1:{tls} ssl_certificate={dir}/server.pem ssl_private_key={dir}/server.key
rgw_data = {dir}/rgw
rgw_dns_name = s3.localhost
rgw_enable_apis = s3, admin
rgw_enable_usage_log = false
rgw_thread_pool_size = 32
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
rgw_gc_processor_max_time = 5
rgw_s3_auth_use_keystone = false
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = testkey-1=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=
"""


class Failed(Exception):
    """What went wrong, for a person."""


def say(line):
    print("radosgw: " + line, file=sys.stderr)


def why_not():
    """Why a server cannot be started here, or None."""
    if os.geteuid() != 0:
        return "not root, and Ceph's daemons want to be"
    missing = [p for p in PROGRAMS if not shutil.which(p)]
    return "not installed: " + " ".join(missing) if missing else None


def free_ports():
    """Ports below the range that outgoing connections take theirs from: monitor, its old protocol, gateway twice,
    and 40 for the OSD, which picks for itself."""
    for _ in range(200):
        first = random.randrange(18000, 32000, 50)
        held = []
        try:
            for port in range(first, first + 44):
                s = socket.socket()
                held.append(s)
                s.bind(("127.0.0.1", port))
            return first
        except OSError:
            pass
        finally:
            for s in held:
                s.close()
    raise Failed("no 44 free ports in a row between 18000 and 32000")


def put(folder, name, text):
    fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(text)


def run(folder, *argv, timeout=60):
    """A command to its end; its words are in the error. Daemons keep none of our descriptors."""
    with open(folder / "log" / "commands.log", "a+b") as log:
        at = log.seek(0, os.SEEK_END)
        code = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=timeout, check=False,
                              env={**os.environ, "CEPH_CONF": str(folder / "ceph.conf")}).returncode
        if code != 0:
            log.seek(at)
            raise Failed(f"{argv[0]} ended with {code}: {log.read().decode(errors='replace')[-800:]}")


def make_certificates(folder):
    req = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30")
    run(folder, *req, "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem", "-subj", "/CN=test authority")
    run(folder, *req, "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.pem", "-subj", "/CN=127.0.0.1",
        "-addext", "subjectAltName=IP:127.0.0.1,DNS:s3.localhost,DNS:*.s3.localhost", "-addext", "basicConstraints=critical,CA:FALSE",
        "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key")


def wait_for(what, ready, seconds=40):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise Failed(f"{what} did not come up within {seconds} s")
        time.sleep(0.1)


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=5).close()
        return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def osd_up(folder):
    out = subprocess.run(("ceph", "-c", str(folder / "ceph.conf"), "osd", "stat"), capture_output=True, text=True,
                         check=False).stdout
    return " 1 up" in out


def add_user(folder, name, access, secret):
    run(folder, "radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}",
        f"--access-key={access}", f"--secret-key={secret}")


def start_once(folder):
    for name in ("mon", "osd", "run", "log", "rgw"):
        (folder / name).mkdir(parents=True)
    os.chmod(folder, 0o700)
    port, fsid, osd_id = free_ports(), str(uuid.uuid4()), str(uuid.uuid4())
    values = {"fsid": fsid, "dir": folder, "mon": port, "mon1": port + 1, "rgw": port + 2, "tls": port + 3,
              "osd_min": port + 4, "osd_max": port + 43}
    put(folder, "ceph.conf", CONF.format(**values))
    make_certificates(folder)
    run(folder, "monmaptool", "--create", "--fsid", fsid, "--addv", "a",
        f"[v2:127.0.0.1:{port},v1:127.0.0.1:{port + 1}]", str(folder / "monmap"))
    run(folder, "ceph-mon", "--mkfs", "-i", "a", "--monmap", str(folder / "monmap"))
    run(folder, "ceph-mon", "-i", "a")
    run(folder, "ceph", "osd", "new", osd_id)
    run(folder, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd_id)
    run(folder, "ceph-osd", "-i", "0")
    wait_for("the OSD", lambda: osd_up(folder))
    add_user(folder, "test", ACCESS, SECRET)
    add_user(folder, "other", OTHER_ACCESS, OTHER_SECRET)
    run(folder, "radosgw", "-n", "client.rgw")
    wait_for("radosgw", lambda: answers(f"http://127.0.0.1:{port + 2}/"))
    for name, value in (("access_key", ACCESS), ("secret_key", SECRET), ("other_access_key", OTHER_ACCESS),
                        ("other_secret_key", OTHER_SECRET), ("endpoint_tls", f"https://127.0.0.1:{port + 3}"),
                        ("endpoint", f"http://127.0.0.1:{port + 2}")):  # last: who sees it can use the server
        put(folder, name, value + "\n")


def start(folder):
    """Start; a port that another program took in between is tried again elsewhere. Raises Failed."""
    for attempt in range(3):
        stop(folder)
        try:
            start_once(folder)
            return
        except (Failed, OSError, subprocess.SubprocessError) as e:
            say(str(e))
            last = e
    stop(folder)
    raise Failed(f"not started in three attempts: {last}")


def pid_of(folder, name):
    """The daemon's process id where it is still this folder's daemon, else None."""
    try:
        pid = int((folder / "run" / f"{name}.pid").read_text())
        environ = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if f"CEPH_CONF={folder}/ceph.conf".encode() in environ.split(b"\0") else None


def gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def stop(folder):
    """End the daemons by their own process ids and remove what they left. Only a folder of ours is emptied."""
    for name in DAEMONS:
        pid = pid_of(folder, name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)  # what they hold is thrown away; asked politely, the OSD may take long
            end = time.monotonic() + 5
            while not gone(pid) and time.monotonic() < end:
                time.sleep(0.02)
        if pid is not None and not gone(pid):
            raise Failed(f"{name}, process {pid}, does not end")
    if (folder / "ceph.conf").exists() or folder.is_dir() and not any(folder.iterdir()):
        shutil.rmtree(folder)


def run_with(argv):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="radosgw-"))
    try:
        start(folder)
        return subprocess.run(argv, env={**os.environ, "RADOSGW": str(folder)}, check=False).returncode
    finally:
        stop(folder)


def main(argv):
    if len(argv) < 3 or argv[1] not in ("start", "stop", "run"):
        print(__doc__, file=sys.stderr)
        return 2
    if argv[1] != "stop" and (reason := why_not()):
        print(f"skipped: radosgw: {reason}")
        return 77
    try:
        if argv[1] == "run":
            return run_with(argv[2:])
        (start if argv[1] == "start" else stop)(pathlib.Path(argv[2]).resolve())
        return 0
    except Failed as e:
        say(str(e))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
