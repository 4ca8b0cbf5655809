"""What scripts/bench runs: servers on free loopback ports, the load generator, and how they are watched."""

import json
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GAITD_BIN", SOURCE / "build" / "release" / "bin"))
os.environ["GAITD_BIN"] = str(BIN)
sys.path.insert(0, str(SOURCE / "tests" / "support"))

# gaitd's upload threads step back by so much (src/http/server.c); peers of uploads do too, for a busy machine would
# otherwise measure niceness.
UPLOAD_NICE = 5
GIB = 1 << 30
MB = 1_000_000


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, process, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode} at its start")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args[0]} does not listen")


def cpu_s(pid):
    """Seconds of processor time of a process and its threads, ended ones too, from its own clock (ns)."""
    return time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED of that process


def status_kb(pid, name):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M).group(1))


def reset_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


class Place:
    """A folder of our own: on memory (no disk in the figures) or on the disk, removed at the end."""

    def __init__(self, memory=False):
        shm = "/dev/shm" if memory and os.access("/dev/shm", os.W_OK) else None
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="gaitd-bench-", dir=shm))

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """A process that is ended by its own pid."""

    def __init__(self, args, **kwargs):
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, **kwargs)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(self.process)

    @staticmethod
    def end(process):
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def cpu(self):
        return cpu_s(self.pid)


class Httpd(Server):
    """bench_httpd: the project's server with sinks."""

    def __init__(self, folder):
        super().__init__([BIN / "bench_httpd", "0", folder], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])


class Nginx(Server):
    """One worker in one process. @folder takes PUT below /put and serves the rest."""

    CONF = """
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 16000;
error_log {dir}/error.log crit; pid {dir}/nginx.pid;
events {{ worker_connections 8000; }}
http {{
	access_log off; server_tokens off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
	default_type application/json; open_file_cache max=16 inactive=600s; etag on;
	client_body_temp_path {dir}/body; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
	uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
	client_max_body_size 0; client_body_buffer_size 256k;
	server {{
		listen 127.0.0.1:{port}; root {dir}/root;
		location /put/ {{ dav_methods PUT; }}
	}}
}}
"""

    def __init__(self, folder, nice=0):
        (folder / "root" / "put").mkdir(parents=True)
        self.port = free_port()
        conf = folder / "nginx.conf"
        conf.write_text(self.CONF.format(dir=folder, port=self.port))
        os.chmod(folder, 0o755)
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        super().__init__(["nice", "-n", str(nice), program, "-c", conf, "-p", folder], stdout=subprocess.DEVNULL)
        wait_port(self.port, self.process)


def load_args(kind, port, method, path, options):
    args = [str(BIN / "bench_load"), kind, str(port), method, str(path)]
    for name, value in options:
        args += [f"--{name}", str(value)]
    return args


def load(kind, port, method, path, *options, timeout=300):
    """Run the load generator and return what it printed. Options are pairs, in order."""
    done = subprocess.run(load_args(kind, port, method, path, options), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"bench_load {kind} {path}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def load_begin(kind, port, method, path, *options):
    return subprocess.Popen(load_args(kind, port, method, path, options), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def expect(answer, *codes):
    """All requests were answered as they should be, or the figure means nothing."""
    if set(answer["codes"]) - {str(c) for c in codes}:
        raise RuntimeError(f"answers other than {codes}: {answer}")
    return answer


class Form:
    """Files that hold the fixed parts of a multipart body: begin, what is between two videos, and the end."""

    MARK = "----bench7MA4YWxkTrZu0gW"
    TYPE = ("header", f"Content-Type: multipart/form-data; boundary={MARK}")
    HEAD = b"\0\0\0\x18ftypisom\0\0\0\0isommp42"  # of an mp4, which is all that the server looks at

    def __init__(self, folder):
        self.folder = folder
        fields = "".join(self.field(k, v) for k, v in (("age", "40"), ("sex", "F"), ("height", "172cm"), ("weight", "68kg")))
        self.begin = self.put("begin", self.file("file").encode())
        self.front = self.put("front", (fields + self.file("fileuploadfront")).encode() + self.HEAD)
        self.side = self.put("side", ("\r\n" + self.file("fileuploadside")).encode() + self.HEAD + b"side")
        self.end = self.put("end", f"\r\n--{self.MARK}--\r\n".encode())

    def put(self, name, content):
        path = self.folder / f"form-{name}"
        path.write_bytes(content)
        return path

    def field(self, name, value):
        return f'--{self.MARK}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'

    def file(self, name):
        return (f'--{self.MARK}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.mp4"\r\n'
                "Content-Type: video/mp4\r\n\r\n")

    def one(self, size):
        """Options for bench_load: one file of @size bytes."""
        return self.TYPE, ("file", self.begin), ("fill", size), ("file", self.end)

    def pair(self, size):
        """Two videos of @size bytes each, with the fields that gaitd wants."""
        return (self.TYPE, ("file", self.front), ("fill", size), ("file", self.side), ("fill", size), ("file", self.end))
