"""A real gaitd for tests: started on a free loopback port over a temporary data folder, and ended with checks.

    with Gaitd() as d:                                   # or: d = Gaitd(...); d.start(); ...; d.stop()
        d.add_user("ann@example.org")                    # through gaitctl, as everything of an operator
        token = d.add_token("ann@example.org")
        job = d.upload(token).json["id"]                 # POST /api/v1/upload with two stand-in videos: 202
        d.wait_job(job, "complete")                      # with a deadline; the history is in the error
        d.mails()                                        # the messages in the maildir

Nothing here sleeps and hopes: the server is there when its --ready-file is, everything else is polled or read
with a deadline (wait_until), and running out of it is an error that shows what was seen instead.

What runs in place of the cluster (Gaitd(engines=...)):

    "standin"  the real supervisor and job script, with shell scripts as gait-pose and gait-analyze. What the pose
               engine does is written in the video: video("ok"), video("exit65") and so on for each exit code,
               video("gate") waits until the test calls open_gate() (or the attempt is ended). What the analysis
               says is d.result, a dictionary that may be changed before a job begins.
    "parked"   the job script does nothing until it is ended: the test plays the attempt. attempt_order(job) gives
               its id, its token and the base URL; see Attempt.
    "real"     gait-pose and gait-analyze as they were built.

Crash tests: Gaitd(env={"GAITD_FAULT": "intake.committed"}) ends itself at that fault point; died() waits for it and
returns the signal, start() starts it again on the same data (env_now={} leaves the fault out). kill() is SIGKILL.
GAITD_FAULT_FAIL=name:N+ makes the named step fail from the N-th time on. Attempts outlive gaitd on purpose; close()
(called by `with`) ends those of this data folder, found by their command lines, and removes the folder.

Looking inside: rows(sql, ...), count(table), files(folder) for spool, blobs and attempts, assert_untouched().

Programs are taken from GAITD_BIN (set by CTest). Python 3 standard library only; run tests with main(), which
prints unittest's report, counted by scripts/count-tests.
"""

import email
import email.policy
import glob
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GAITD_BIN", SOURCE / "build" / "asan" / "bin"))
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer")
# A machine that others use too is no reason to fail: deadlines are for what hangs.
PATIENCE_S = float(os.environ.get("GAITD_TEST_PATIENCE_S", "60"))
FIELDS = {"age": "40", "sex": "F", "height": "172cm", "weight": "68kg"}

POSE = r"""#!/bin/bash
# Stands in for gait-pose: does what its video says.
set -u
while [ $# -gt 0 ]; do
	case $1 in
	--describe) echo '{"seconds":4,"frames":100}'; exit 0 ;;
	--input) input=$2 && shift 2 ;;
	--write_json) json=$2 && shift 2 ;;
	--write_video) overlay=$2 && shift 2 ;;
	--events) events=$2 && shift 2 ;;
	--progress) shift ;;
	*) shift 2 ;;
	esac
done
if [ -n "${overlay:-}" ]; then # the second time
	[ -s "$events" ] || exit 66
	echo "progress 40"
	{ printf '\0\0\0\020ftypisom\0\0\0\0\0\0\0\023freeoverlay of '; cat "$input"; } >"$overlay"
	exit
fi
behave=$(grep -a -m 1 -o 'behave:[a-z0-9]*' "$input")
echo "run ${input##*/} $behave" >>"@CONTROL@/runs"
echo "progress 40"
case ${behave#behave:} in
gate) read -r _ <"@CONTROL@/gate" ;;
exit*) echo "the stand-in ends with ${behave#behave:exit}" >&2; exit "${behave#behave:exit}" ;;
esac
printf '{"version":1.3,"people":[]}' >"$json/walk_000000000000_keypoints.json"
echo "progress 100"
"""

ANALYZE = r"""#!/bin/bash
# Stands in for gait-analyze: its answer is a file that the test wrote.
set -u
while [ $# -gt 1 ]; do
	case $1 in
	--out) out=$2 ;;
	--pdf) printf '%%PDF-1.5\n' >"$2" ;;
	--csv) printf 'parameter,side,value\n' >"$2" ;;
	esac
	shift
done
cp "@CONTROL@/result.json" "$out"
"""

PARKED = """#!/bin/bash
# A job that waits to be ended: the test plays the attempt.
exec sleep 86400
"""

UNUSED = """#!/bin/bash
exit 70
"""

RESULT = {
    "schema_version": "1.0",
    "score": {"value": 0.75, "model": {"name": "stand-in", "version": "1", "sha256": "0" * 64, "demonstration": True},
              "interval": None, "decision": None, "contributions": []},
    "quality": {"front": {"frames": 100, "frames_with_person": 100, "flags": []},
                "side": {"frames": 100, "frames_with_person": 100, "flags": []}},
    "events": [], "cycles": [],
    "parameters": {"cadence": {"value": 110.0, "unit": "steps/min", "n": 10, "sd": 1.0, "ci95": [109.0, 111.0]}},
    "curves": [], "engine": {"name": "stand-in"}, "inputs": {},
}


def wait_until(condition, what, seconds=None, every=0.02):
    """Ask @condition until it says something true, and return that; AssertionError after @seconds."""
    end = time.monotonic() + (seconds or PATIENCE_S)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not come in time: {what() if callable(what) else what}")
        time.sleep(every)


def video(behave="ok", size=4000, seed="v"):
    """Bytes that gaitd takes for an mp4, and what the stand-in engine shall do with them. @seed makes them differ."""
    head = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + f"behave:{behave}\n{seed}\n".encode()
    return head + b"\xa5" * (size - len(head))


class Part:
    """One part of a multipart body. @headers replaces the usual ones (a list of lines)."""

    def __init__(self, name, data, filename=None, kind=None, headers=None):
        self.data = data if isinstance(data, bytes) else str(data).encode()
        if headers is None:
            headers = [f'Content-Disposition: form-data; name="{name}"'
                       + (f'; filename="{filename}"' if filename is not None else "")]
            if kind:
                headers.append(f"Content-Type: {kind}")
        self.head = "\r\n".join(headers).encode() + b"\r\n\r\n"


def multipart(parts, boundary="-----gaitd-test-5Zc1", end=True):
    """The body and its Content-Type; end=False leaves the final boundary out."""
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\r\n" + p.head + p.data + b"\r\n" for p in parts)
    return body + (mark + b"--\r\n" if end else b""), f"multipart/form-data; boundary={boundary}"


def upload_parts(fields=None, front=None, side=None, **changes):
    """The parts of a good upload; fields by name, None leaves one out; front or side False leaves it out."""
    values = {**(FIELDS if fields is None else fields), **changes}
    parts = [Part(k, v) for k, v in values.items() if v is not None]
    for name, data, default in (("fileuploadfront", front, "front"), ("fileuploadside", side, "side")):
        if data is not False:
            parts.append(Part(name, video(seed=default) if data is None else data, f"{default}.mp4", "video/mp4"))
    return parts


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()

    @property
    def fields(self):
        """Of a problem document: the named fields and their reasons."""
        return {e["field"]: e["reason"] for e in self.json.get("errors", [])}

    def __repr__(self):
        return f"<{self.status} {self.headers.get_content_type()} {self.body[:600]!r}>"


class Connection:
    """A connection of its own, for what a well-behaved client would not do."""

    def __init__(self, host, port, seconds):
        self.sock = socket.create_connection((host, port), timeout=seconds)
        self.read = None
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.read:
            self.read.close()  # it holds the socket, too
        self.sock.close()

    def reset(self):
        """Go without a word: RST in place of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def send(self, data):
        """False where the server closed its side: its answer may be read all the same."""
        try:
            self.sock.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def head(self, method, path, headers):
        lines = [f"{method} {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers.items()]
        return self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def response(self, method="POST"):
        """The answer with its body unread (for streams); 100 Continue is passed over."""
        response = http.client.HTTPResponse(self.sock, method=method)
        response.begin()
        self.read = response
        return response

    def answer(self, method="POST"):
        return Answer(self.response(method))


class Events:
    """An event stream: iterate over {"id", "event", "data"}; comments count in .beats."""

    def __init__(self, connection, response):
        self.connection, self.response, self.beats = connection, response, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def line(self):
        text = self.response.readline()
        if not text:
            raise EOFError("the stream ended")
        return text.decode().rstrip("\n")

    def next(self):
        event = {}
        while True:
            line = self.line()
            if line.startswith(":"):
                self.beats += 1
            elif line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event:
                event["data"] = json.loads(event["data"])
                return event

    def until(self, condition):
        """Events up to and with the first that fulfils @condition."""
        seen = []
        while not seen or not condition(seen[-1]):
            seen.append(self.next())
        return seen

    def beat(self):
        """Read up to the next heartbeat."""
        before = self.beats
        while self.beats == before:
            if self.line().startswith(":"):
                self.beats += 1


class Gaitd:
    on_answer = None  # called with (method, path, Answer) for each request(): the contract's judge

    def __init__(self, engines="standin", settings=None, env=None, program=None):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gaitd-test-"))
        self.data, self.control = self.root / "data", self.root / "control"
        self.control.mkdir()
        self.env = dict(env or {})
        self.program = program or BIN / "gaitd"
        self.process = None
        self.url = self.code = None  # code: of a start that failed
        self.starts = 0
        self._result = None
        self.result = json.loads(json.dumps(RESULT))
        os.mkfifo(self.control / "gate")
        self.settings = {
            "data.dir": self.data, "http.listen": "127.0.0.1:0", "upload.min_free_bytes": "0",
            "cluster.max_in_flight": "4", "cluster.status_interval": "100ms", "worker.poll_interval": "50ms",
            "cluster.script_path": SOURCE / "pbs" / "gait-job.pbs", "log.format": "json", "log.level": "debug",
        }
        if engines == "standin":
            self.settings["cluster.pose_path"] = self.script("pose", POSE)
            self.settings["cluster.analyze_path"] = self.script("analyze", ANALYZE)
        elif engines == "parked":
            self.settings["cluster.script_path"] = self.script("parked", PARKED)
            self.settings["cluster.pose_path"] = self.settings["cluster.analyze_path"] = self.script("unused", UNUSED)
        elif engines != "real":
            raise ValueError(engines)
        # The smaller pose model: what is tested here is the way, not the measurement.
        self.settings.setdefault("cluster.pose_model", "full")
        self.settings.update(settings or {})

    def script(self, name, text):
        path = self.control / name
        path.write_text(text.replace("@CONTROL@", str(self.control)))
        path.chmod(0o755)
        return path

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process:
                self.stop()
        finally:
            self.close()

    # --- the process

    def sets(self, **more):
        return [a for k, v in {**self.settings, **more}.items() for a in ("--set", f"{k}={v}")]

    @staticmethod
    def environment(extra):
        keep = {k: os.environ[k] for k in ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
                                           "LSAN_OPTIONS") if k in os.environ}
        return {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1", "LC_ALL": "C.UTF-8", **keep,
                **extra}

    def spawn(self, env_now=None):
        """Start the process and do not wait for it: for starts that are meant to fail."""
        self.starts += 1
        self.ready_file = self.root / f"ready.{self.starts}"
        self.stderr_file = self.root / f"stderr.{self.starts}"
        (self.control / "result.json").write_text(json.dumps(self.result))
        with open(self.stderr_file, "wb") as err:
            self.process = subprocess.Popen(
                [self.program, *self.sets(), "--ready-file", self.ready_file],
                env=self.environment(self.env if env_now is None else env_now), stdin=subprocess.DEVNULL,
                stdout=err, stderr=err, start_new_session=True)
        return self

    def start(self, env_now=None):
        self.spawn(env_now)
        wait_until(lambda: self.ready_file.exists() or self.process.poll() is not None,
                   lambda: f"gaitd is not ready:\n{self.stderr()}")
        if not self.ready_file.exists():
            self.code, self.process = self.process.returncode, None
            raise AssertionError(f"gaitd ended with {self.code} instead of starting:\n{self.stderr()}")
        self.url = self.ready_file.read_text().strip()
        at = urllib.parse.urlsplit(self.url)
        self.host, self.port = at.hostname, at.port
        if "http.public_url" in self.settings:
            self.host, self.port = "127.0.0.1", self.listening_port()
        return self

    def listening_port(self):
        """The port that the process itself listens on, where its address names another one (a proxy's)."""
        inodes = set()
        for fd in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                inodes.add(os.readlink(f"/proc/{self.process.pid}/fd/{fd}"))
            except OSError:
                continue
        with open(f"/proc/{self.process.pid}/net/tcp") as f:
            for row in (line.split() for line in list(f)[1:]):
                if row[3] == "0A" and f"socket:[{row[9]}]" in inodes:
                    return int(row[1].split(":")[1], 16)
        raise AssertionError("it listens nowhere")

    def stderr(self):
        return self.stderr_file.read_text(errors="replace")

    def logged(self, event):
        """Log entries of that name, of this start."""
        lines = (json.loads(x) for x in self.stderr().splitlines() if x.startswith("{"))
        return [x for x in lines if x.get("event") == event]

    def check_sanitizers(self):
        text = self.stderr()
        if SANITIZER.search(text):
            raise AssertionError(f"a sanitizer spoke:\n{text}")

    def stop(self, seconds=None):
        """SIGTERM; the exit code must be 0 and no sanitizer may have spoken."""
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(seconds or PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"gaitd did not stop:\n{self.stderr()[-8000:]}") from None
        self.check_sanitizers()
        if code != 0:
            raise AssertionError(f"gaitd ended with {code}:\n{self.stderr()[-8000:]}")

    def kill(self):
        """SIGKILL, as a power cut would have it (all but the disk's cache)."""
        process, self.process = self.process, None
        process.kill()
        process.wait()
        self.check_sanitizers()

    def died(self, seconds=None):
        """Wait until it ends by itself; the exit code, negative for a signal (-9 at a fault point)."""
        process, self.process = self.process, None
        try:
            code = process.wait(seconds or PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"gaitd lives on:\n{self.stderr()[-8000:]}") from None
        self.check_sanitizers()
        return code

    def restart(self, env_now=None):
        self.stop()
        return self.start(env_now)

    def attempt_processes(self):
        """Pids of this data folder's supervisors, job scripts and engines."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                where = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                continue
            mine = str(self.root)
            if (mine.encode() in line or where.startswith(mine)) and int(pid) != os.getpid():
                if not self.process or int(pid) != self.process.pid:
                    found.append(int(pid))
        return found

    def end_attempts(self):
        """End what an attempt left running; all of it was started under this test's own folder."""
        def gone():
            left = self.attempt_processes()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not left
        wait_until(gone, "the attempts' end")

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        self.end_attempts()
        if os.environ.get("GAITD_TEST_KEEP"):
            print(f"kept: {self.root}", file=sys.stderr)
        else:
            shutil.rmtree(self.root, ignore_errors=True)

    # --- gaitctl

    def ctl_run(self, *args, input=None, settings=None, env=None):
        """gaitctl with this instance's settings; nothing is judged but the sanitizers."""
        done = subprocess.run(
            [BIN / "gaitctl", *self.sets(**{"log.level": "warn", **(settings or {})}), *args], input=input,
            env=self.environment(env or {}), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL if input is None else None, timeout=PATIENCE_S)
        if SANITIZER.search(done.stderr):
            raise AssertionError(f"gaitctl {args}: a sanitizer spoke:\n{done.stderr}")
        return done

    def ctl(self, *args, **kwargs):
        done = self.ctl_run(*args, **kwargs)
        if done.returncode != 0:
            raise AssertionError(f"gaitctl {args} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def ctl_json(self, *args, **kwargs):
        return json.loads(self.ctl("--json", *args, **kwargs))

    def add_user(self, address, role="submitter", password=None):
        more = ["--password-stdin"] if password else []
        return self.ctl_json("users", "add", address, "--role", role, *more,
                             input=password + "\n" if password else None)["id"]

    def add_token(self, address, name="test", days=None):
        return self.ctl_json("tokens", "add", address, "--name", name, *(["--days", str(days)] if days else []))["token"]

    def person(self, address="ann@example.org", role="submitter", password=None):
        """An account with a token: the token."""
        self.add_user(address, role, password)
        return self.add_token(address)

    # --- HTTP

    def connect(self, seconds=None):
        return Connection(self.host, self.port, seconds or PATIENCE_S)

    def headers(self, token=None, headers=None):
        all_headers = {"Host": f"{self.host}:{self.port}"}
        if token:
            all_headers["Authorization"] = f"Bearer {token}"
        all_headers.update(headers or {})
        return all_headers

    def request(self, method, path, token=None, body=None, json_body=None, headers=None):
        """One request on a connection of its own. @path may be a URL of this server; /… is taken as it is."""
        if path.startswith(self.url):
            path = path[len(self.url):]
        headers = dict(headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers.setdefault("Content-Type", "application/json")
        if body is not None:
            headers.setdefault("Content-Length", str(len(body)))
        elif method in ("POST", "PUT", "PATCH"):
            headers.setdefault("Content-Length", "0")
        with self.connect() as c:
            c.head(method, path, self.headers(token, headers))
            if body:
                c.send(body)
            answer = c.answer(method)
        if Gaitd.on_answer:
            override = headers.get("X-HTTP-Method-Override") if "/uploads" in path else None
            Gaitd.on_answer(override or method, path, answer)
        return answer

    def get(self, path, token=None, **headers):
        return self.request("GET", path, token, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post_form(self, path, parts, token=None, headers=None, **form):
        body, kind = multipart(parts, **form)
        return self.request("POST", path, token, body=body, headers={"Content-Type": kind, **(headers or {})})

    def upload(self, token, front=None, side=None, headers=None, **changes):
        """POST /api/v1/upload; see upload_parts()."""
        return self.post_form("/api/v1/upload", upload_parts(None, front, side, **changes), token, headers)

    def new_job(self, token, **kwargs):
        """Upload and return the job's id."""
        answer = self.upload(token, **kwargs)
        if answer.status != 202:
            raise AssertionError(f"upload: {answer}")
        return answer.json["id"]

    def events(self, token, job, last=None, query="", seconds=None):
        c = self.connect(seconds)
        c.head("GET", f"/api/v1/jobs/{job}/events{query}",
               self.headers(token, {"Last-Event-ID": str(last)} if last is not None else None))
        response = c.response("GET")
        if response.status != 200:
            raise AssertionError(f"event stream: {Answer(response)}")
        return Events(c, response)

    # --- looking inside

    def rows(self, sql, *args):
        """Rows of the database, read only, as dictionaries."""
        db = sqlite3.connect(f"file:{self.data / 'gaitd.sqlite'}?mode=ro", uri=True, timeout=PATIENCE_S)
        try:
            db.row_factory = sqlite3.Row
            return [dict(r) for r in db.execute(sql, args)]
        finally:
            db.close()

    def write(self, sql, *args):
        """Change the database by hand, where a test would have to wait for days."""
        db = sqlite3.connect(self.data / "gaitd.sqlite", timeout=PATIENCE_S)
        try:
            with db:
                return db.execute(sql, args).rowcount
        finally:
            db.close()

    def count(self, table):
        return self.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]

    def files(self, folder):
        """All files below a folder of the data folder (spool, blobs, attempts, mail), relative to it."""
        top = self.data / folder
        return sorted(str(pathlib.Path(p).relative_to(top)) for p in glob.glob(f"{top}/**", recursive=True)
                      if os.path.isfile(p))

    def assert_untouched(self):
        """No trace of an upload: no row, no file, no reserved room."""
        for table in ("jobs", "videos", "outbox", "idempotency", "consents", "events", "subjects"):
            if self.count(table):
                raise AssertionError(f"{table}: {self.rows(f'SELECT * FROM {table}')}")
        wait_until(lambda: not self.files("spool"), lambda: f"an empty spool: {self.files('spool')}")
        if self.files("blobs"):
            raise AssertionError(f"blobs: {self.files('blobs')}")

    def job_row(self, job):
        return self.rows("SELECT * FROM jobs WHERE id = ?", job)[0]

    def history(self, job):
        return [f"{e['kind']} {e['state']}/{e['phase']} {e['attempt']}: {e['text']}"
                for e in self.rows("SELECT * FROM events WHERE job = ? ORDER BY seq", job)]

    def wait_job(self, job, state, phase=None, seconds=None):
        """Wait until a job is in @state (and @phase); one that has ended otherwise is an error at once."""
        over = ("complete", "submission_error", "inference_error", "cancelled")

        def there():
            row = self.job_row(job)
            if row["state"] == state and phase in (None, row["phase"]):
                return row
            if row["state"] in over:
                raise AssertionError(f"job ended as {row['state']} ({row['error_kind']}: {row['error_text']}), not {state}: "
                                     f"{self.history(job)}\n{self.attempt_logs(job)}")
            return None
        return wait_until(there, lambda: f"job {job} as {state}/{phase or ''}: {self.job_row(job)} {self.history(job)}\n"
                                         f"{self.attempt_logs(job)}\n{self.stderr()[-4000:]}", seconds)

    def attempt_logs(self, job):
        texts = []
        for path in sorted(self.data.glob(f"attempts/{job}*/*")):
            if path.is_file() and path.name != "job.json":
                texts.append(f"{path.name}: {path.read_text(errors='replace')[-1500:]}")
        return "\n".join(texts + [r["log"] for r in self.rows("SELECT log FROM attempts WHERE job = ?", job)])

    def mails(self):
        """The maildir's messages, parsed; the folder new only, since nothing reads them here."""
        folder = self.data / "mail" / "new"
        return [email.message_from_bytes(p.read_bytes(), policy=email.policy.default)
                for p in sorted(folder.iterdir())] if folder.exists() else []

    def wait_mails(self, n, seconds=None):
        wait_until(lambda: self.count("outbox") >= n
                   and not self.rows("SELECT 1 FROM outbox WHERE state = 'pending'") and len(self.mails()) >= n,
                   lambda: f"{n} mails: {self.rows('SELECT * FROM outbox')}", seconds)
        return self.mails()

    # --- playing the cluster

    @property
    def result(self):
        return self._result

    @result.setter
    def result(self, value):
        self._result = value
        (self.control / "result.json").write_text(json.dumps(value))

    def engine_runs(self):
        """What the stand-in engine was asked for so far: ["run front.mp4 behave:ok", …]."""
        path = self.control / "runs"
        return path.read_text().splitlines() if path.exists() else []

    def open_gate(self, seconds=None):
        """Let one engine go on that waits because of video("gate")."""
        def opened():
            try:
                return os.open(self.control / "gate", os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return None  # nobody reads yet
        fd = wait_until(opened, "an engine at the gate", seconds)
        os.write(fd, b"go\n")
        os.close(fd)

    def attempt(self, job, n=1, seconds=None):
        """Parked: the attempt, once it was handed over, for the test to play."""
        folder = self.data / "attempts" / f"{job}-{n}"
        wait_until(lambda: (folder / "job.json").exists(),
                   lambda: f"attempt {n}: {self.history(job)} {self.files('attempts')}", seconds)
        return Attempt(self, job, json.loads((folder / "job.json").read_text()))


class Attempt:
    """An attempt as the job script sees it, for tests that say other things than the script would."""

    def __init__(self, gaitd, job, order):
        self.d, self.job = gaitd, job
        self.id, self.token = order["attempt"], order["token"]
        self.run_id = "0123456789abcdef"
        self.order = None

    def checkin(self, **changes):
        answer = self.d.request("POST", f"/api/v1/attempts/{self.id}/checkin", changes.pop("token", self.token),
                                json_body={"run_id": self.run_id, **changes})
        if answer.status == 200:
            self.order = answer.json
        return answer

    def heartbeat(self, step="pose_front", percent=10, **changes):
        return self.d.request("POST", f"/api/v1/attempts/{self.id}/heartbeat", changes.pop("token", self.token),
                              json_body={"run_id": self.run_id, "step": step, "percent": percent, **changes})

    def complete(self, result=None, token=None, **changes):
        """The completion of a success; result as bytes or a dictionary; fields by name, None leaves one out."""
        result = RESULT if result is None else result
        raw = result if isinstance(result, bytes) else json.dumps(result).encode()
        fields = {"job_id": self.job, "attempt": self.id, "run_id": self.run_id, "status": "complete",
                  "score": "0.75", **changes}
        parts = [Part(k, v) for k, v in fields.items() if v is not None]
        return self.d.post_form("/api/v1/completion", parts + [Part("result", raw, "result.json", "application/json")],
                                self.token if token is None else token)

    def fail(self, kind="no_person", text="No person was found in the front video.", log="", **changes):
        fields = {"job_id": self.job, "attempt": self.id, "run_id": self.run_id, "status": "error",
                  "error": json.dumps({"kind": kind, "text": text, "log": log}), **changes}
        return self.d.post_form("/api/v1/completion", [Part(k, v) for k, v in fields.items() if v is not None],
                                self.token)


def main():
    """unittest's own main, with durations of nothing and failures at once."""
    unittest.main(verbosity=2, failfast=bool(os.environ.get("GAITD_TEST_FAILFAST")))
