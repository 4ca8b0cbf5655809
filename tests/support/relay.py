#!/usr/bin/python3
"""A mail relay for tests, as docs/mail-http.md describes one: real HTTP, faults by recipient.

    relay.py DIR [--token TOKEN] [--tls]

Prints "port N" once it listens on 127.0.0.1, ends when its standard input does. DIR gets each message that was taken as
"MESSAGE-ID.N" (LF lines), with the request's JSON and its headers as ".MESSAGE-ID.N.json", ca.pem with --tls, and
`.requests`, a line a request.

POST /mail takes messages. The recipient's local part may be an HTTP status, "drop" or "stall". Any other path is 404;
OPTIONS is answered with 204.
"""

import argparse
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import threading

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--token")
parser.add_argument("--tls", action="store_true")
options = parser.parse_args()
options.folder.mkdir(exist_ok=True)
lock = threading.Lock()
count = 0


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, **headers):
        body = b'{"said": "something"}' if status not in (204, 304) else b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def allowed(self):
        with lock, open(options.folder / ".requests", "a", encoding="ascii") as f:
            f.write(f"{self.command} {self.path}\n")
        if options.token and self.headers["Authorization"] != f"Bearer {options.token}":
            self.answer(401)
        elif self.path != "/mail":
            self.answer(404)
        else:
            return True
        return False

    def do_OPTIONS(self):
        if self.allowed():
            self.answer(204, Allow="POST")

    def do_POST(self):
        global count
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.allowed():
            return
        mail = json.loads(body)
        name = mail["to"].split("@")[0]
        if name == "drop":
            self.close_connection = True
        elif name == "stall":
            threading.Event().wait(3600)
        elif name.isdigit():
            self.answer(int(name), Location="http://127.0.0.1:1/elsewhere")
        else:
            with lock:
                count += 1
                file = f"{mail['message_id']}.{count}"
            (options.folder / f".{file}.json").write_text(json.dumps({"json": mail, "headers": dict(self.headers)}))
            (options.folder / f".{file}").write_bytes(mail["raw"].encode("ascii").replace(b"\r\n", b"\n"))
            os.rename(options.folder / f".{file}", options.folder / file)
            self.answer(202)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
server.daemon_threads = True
if options.tls:
    cert, key = options.folder / "ca.pem", options.folder / ".key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("port", server.server_port, flush=True)
sys.stdin.read()
