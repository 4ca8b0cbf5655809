"""A real HTTP server that plays gaitd and the store for the job script: it checks what a caller must send,
records what came, and fails on purpose where a test asks for it."""

import email.parser
import email.policy
import hashlib
import http.server
import json
import os
import threading
import time
import urllib.parse

TOKEN = "t0ken-5f1e7c-_A"
SIGNATURE = "s3cr3t-signature"
ATTEMPT = "attempt-1"


def processes_that_show(*secrets):
    """Command lines and environments of all processes that hold one of the secrets."""
    shown = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    text = f.read()
            except OSError:
                continue
            if any(s.encode() in text for s in secrets):
                shown.append((pid, name, text[:200]))
    return shown


class Peer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, videos):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.videos = dict(videos)  # name -> bytes
        self.lie = {}  # video -> checksum to claim
        self.engine = {"name": "gait-pose", "timeouts": {}}
        self.patient = {"height_cm": 172, "age_months": 400, "sex": "F", "walking_aid": "hand_held",
                        "orthosis": None, "footwear": "shoes"}
        self.max_bytes = {}
        self.deadline = int(time.time()) + 3600
        self.answers = {}  # route -> statuses to answer first
        self.always = {}  # route -> status to answer ever
        self.requests = []  # (route, status)
        self.beats, self.completions, self.outputs, self.shown = [], [], {}, []
        self.run_ids = set()
        self.came = threading.Condition()
        self.output_names = ["result.json", "report.pdf", "overlay_front.mp4", "overlay_side.mp4", "parameters.csv",
                             "markers.trc", "angles.mot", "curves.svg", "events.svg", "table.svg",
                             "keypoints_front.tar.gz", "keypoints_side.tar.gz"]
        threading.Thread(target=self.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()

    def handle_error(self, *_):
        pass  # a caller that was killed hangs up in the middle

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def work_order(self):
        def signed(path):
            return f"{self.url}/{path}?expires=9&signature={SIGNATURE}"
        return {
            "attempt": ATTEMPT, "job": "job-1", "patient": self.patient, "engine": self.engine,
            "deadline": self.deadline,
            "inputs": {v: {"url": signed(f"blob/{v}"), "bytes": len(data),
                           "sha256": self.lie.get(v, hashlib.sha256(data).hexdigest())}
                       for v, data in self.videos.items()},
            "outputs": {n: {"url": signed(f"out/{n}"), **({"max_bytes": self.max_bytes[n]} if n in self.max_bytes else {})}
                        for n in self.output_names},
        }

    def wait_for(self, condition, seconds=20):
        with self.came:
            if not self.came.wait_for(condition, seconds):
                raise AssertionError(f"did not come; requests so far: {self.requests}")

    def count(self, route):
        return sum(1 for r, _ in self.requests if r == route)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, route, status, body=b"", kind="application/json"):
        peer = self.server
        with peer.came:
            peer.requests.append((route, status))
            peer.came.notify_all()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def planned(self, route):
        peer = self.server
        with peer.came:
            if peer.answers.get(route):
                return peer.answers[route].pop(0)
        return peer.always.get(route)

    def handle_one(self):
        peer = self.server
        peer.shown += processes_that_show(TOKEN, SIGNATURE)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        if parts[0] in ("blob", "out"):
            route = f"{self.command} {parts[1]}"
            if f"signature={SIGNATURE}" not in url.query or "Authorization" in self.headers:
                return self.answer(route, 403)
        else:
            route = parts[-1]
            if self.headers.get("Authorization") != f"Bearer {TOKEN}" or self.command != "POST":
                return self.answer(route, 401)
        status = self.planned(route)
        if status:
            return self.answer(route, status, b'{"title":"planned"}')
        if parts[0] == "blob":
            return self.answer(route, 200, peer.videos[parts[1]], "video/mp4")
        if parts[0] == "out":
            peer.outputs[parts[1]] = body
            return self.answer(route, 200)
        return self.gaitd(route, body)

    do_GET = do_PUT = do_POST = handle_one

    def gaitd(self, route, body):
        peer = self.server
        if route == "completion":
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
            fields = {p.get_param("name", header="content-disposition"): p.get_payload(decode=True)
                      for p in message.iter_parts()}
            peer.run_ids.add(fields["run_id"].decode())
            peer.completions.append(fields)
            return self.answer(route, 200, b"{}")
        peer.run_ids.add(json.loads(body)["run_id"])
        if route == "checkin":
            return self.answer(route, 200, json.dumps(peer.work_order()).encode())
        peer.beats.append(json.loads(body))
        return self.answer(route, 200, b"{}")
