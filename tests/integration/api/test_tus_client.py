"""A client that others wrote (tus-js-client, as browsers use it) brings two real films over a line that breaks to a gaitd
that dies, and the job made of them comes to its end. Nothing that was acknowledged is sent again."""

import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import unittest

from apitest import main
from gaitd import SOURCE, Gaitd, wait_until
from tus import make_job

CHUNK = 256 << 10
HERE = pathlib.Path(__file__).parent


def client_module():
    """tus-js-client of the project's package.json; where `npm ci` has not run there, of a copy in the build folder."""
    home = SOURCE
    if not (home / "node_modules" / "tus-js-client").is_dir():
        home = pathlib.Path(os.environ["GAITD_BUILD"]) / "tus_client"
        home.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, home / name)
        if not (home / "node_modules" / "tus-js-client").is_dir():
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=home, check=True, timeout=240,
                           stdout=subprocess.DEVNULL)
    return str(home / "node_modules" / "tus-js-client")


class Line:
    """The way between client and gaitd: carries bytes, and breaks when so many have gone up it."""

    def __init__(self, port):
        self.port, self.lock, self.carried, self.breaks = port, threading.Lock(), 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                here.close()
                continue
            for a, b, up in ((here, there, True), (there, here, False)):
                threading.Thread(target=self.carry, args=(a, b, up), daemon=True).start()

    def carry(self, a, b, up):
        try:
            while data := a.recv(65536):
                b.sendall(data)
                with self.lock:
                    self.carried += len(data) if up else 0
                    if self.breaks and self.carried >= self.breaks[0]:
                        self.breaks.pop(0)
                        break
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        a.close()

    def close(self):
        self.listener.close()


def film(path, seed):
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=640x480:rate=30:duration=3,noise=alls=40:all_seed={seed}",
                    "-c:v", "mpeg4", "-b:v", "6M", "-metadata", "comment=behave:ok", "-y", path], check=True, timeout=120)
    return path.read_bytes()


class Client(unittest.TestCase):
    def run_client(self, d, line, token, files):
        """Its lines, while gaitd is started again whenever it died."""
        process = subprocess.Popen(["node", HERE / "tus_client.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdin.write(json.dumps({"module": client_module(), "endpoint": f"{line.url}/api/v1/uploads", "token": token,
                                        "chunk": CHUNK, "files": files}) + "\n")
        process.stdin.flush()
        said = []
        reader = threading.Thread(target=lambda: said.extend(json.loads(x) for x in process.stdout))
        reader.start()
        deaths = 0

        def over():
            nonlocal deaths
            if d.process.poll() is not None:
                self.assertEqual(d.died(), -9)
                deaths += 1
                d.start({})
            return process.poll() is not None
        try:
            wait_until(over, lambda: f"the client: {said[-5:]}", 180)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            reader.join()
            process.stdin.close()
            process.stdout.close()
        return said, deaths

    def judge(self, said, sizes):
        """No acknowledged byte is sent again, and of what is broken off at most one chunk."""
        acknowledged, sent, broken = dict.fromkeys(sizes, 0), dict.fromkeys(sizes, 0), dict.fromkeys(sizes, 0)
        for x in said[:-1]:
            view = x["view"]
            if x.get("sent") == "PATCH":
                self.assertGreaterEqual(x["at"], acknowledged[view], said)
                sent[view] += min(CHUNK, sizes[view] - x["at"])
            elif "broken" in x:
                broken[view] += 1
            elif x.get("answered") == "PATCH" and x["status"] == 204:
                acknowledged[view] = x["offset"]
        self.assertEqual(acknowledged, sizes)
        for view, size in sizes.items():
            self.assertLessEqual(sent[view], size + CHUNK * broken[view], said)
        return sum(broken.values())

    def test_two_films_over_a_bad_line(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        d = Gaitd(settings={"http.listen": f"127.0.0.1:{port}"})
        self.addCleanup(d.close)
        d.start()
        token = d.person()
        # In the midst of the side video, after its bytes were synced and before they were acknowledged.
        d.restart({"GAITD_FAULT": "resumable.synced:16"})
        films = {v: film(d.root / f"{v}.mp4", i) for i, v in enumerate(("front", "side"), 1)}
        sizes = {v: len(data) for v, data in films.items()}
        self.assertTrue(all(size > 6 * CHUNK for size in sizes.values()), sizes)
        line = Line(port)
        self.addCleanup(line.close)
        line.breaks = [2 * CHUNK + 100_000, sizes["front"] - CHUNK]
        said, deaths = self.run_client(d, line, token, [{"path": str(d.root / f"{v}.mp4"), "view": v} for v in sizes])
        self.assertIn("done", said[-1], said[-5:])
        self.assertEqual(deaths, 1)
        self.assertGreaterEqual(self.judge(said, sizes), 3)
        urls = said[-1]["done"]
        answer = make_job(d, token, urls["front"], urls["side"])
        self.assertEqual(answer.status, 202, answer)
        job = answer.json["id"]
        rows = {r["view"]: r["sha256"] for r in d.rows("SELECT view, sha256 FROM videos WHERE job = ?", job)}
        self.assertEqual(rows, {v: hashlib.sha256(data).digest() for v, data in films.items()})
        d.wait_job(job, "complete")
        for row in d.rows("SELECT view, blob_key FROM videos WHERE job = ?", job):
            self.assertEqual((d.data / "blobs" / "blobs" / row["blob_key"]).read_bytes(), films[row["view"]])
        wait_until(lambda: not d.files("spool"), "an empty spool")
        d.stop()


if __name__ == "__main__":
    main()
