"""Rows about the web app: how fast a browser sends, against curl on the same machine."""

import json
import os
import subprocess

from house import House
from servers import BIN, MB, SOURCE, Place
from table import Row, alternate, median, row
from uploads import ROUNDS

HERE = SOURCE / "tests" / "bench"
WEB = BIN.parent / "web"
PASSWORD = "correct horse battery"
FILM_MB = int(os.environ.get("BENCH_FILM_MB", "150"))
FIELDS = {"age": "30", "sex": "F", "height": "172cm", "weight": "68kg", "walking_aid": "none", "orthosis": "none", "footwear": "shoes",
          "role": "self"}


def film(path, seed):
    """What browsers play, made long by a box that players skip."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=4", "-pix_fmt", "yuv420p",
                    "-metadata", f"title={seed}", str(path)], check=True, stdin=subprocess.DEVNULL)
    with path.open("ab") as f:
        left = FILM_MB * MB - path.stat().st_size
        f.write(left.to_bytes(4, "big") + b"free")
        block = os.urandom(1 << 20)
        left -= 8
        while left > 0:
            left -= f.write(block[:min(left, len(block))])
    return path


class Browser:
    """web_send.mjs, turn by turn."""

    def __init__(self, house, **films):
        facts = {"password": PASSWORD, **{k: str(v) for k, v in films.items()}}
        env = {**os.environ, "GAITD_URL": house.url, "GAITD_SOURCE": str(SOURCE), "GAITD_SHOTS": str(house.root), "FACTS": json.dumps(facts)}
        self.node = subprocess.Popen(["node", str(HERE / "web_send.mjs")], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def answer(self, more):
        """The driver has asked for its next turn."""
        asked = self.node.stdout.readline()
        if asked != "@turn\n":
            raise AssertionError(f"the browser's driver ended: {asked}")
        self.node.stdin.write(json.dumps(more) + "\n")
        self.node.stdin.flush()

    def __exit__(self, kind, *_):
        if kind:
            self.node.terminate()
            self.node.wait()
            return
        self.answer(False)
        if self.node.wait(60) != 0:
            raise AssertionError(f"the browser's driver ended with {self.node.returncode}")

    def go(self):
        self.answer(True)
        said = self.node.stdout.readline()
        if not said:
            raise AssertionError("the browser's driver ended")
        said = json.loads(said)
        if said["status"] != 202:
            raise AssertionError(f"the browser got {said['status']}")
        return said["seconds"]


def curl(house, front, side):
    """The plain form. The token goes by standard input, so that it is in no list of processes."""
    fields = [arg for k, v in FIELDS.items() for arg in ("-F", f"{k}={v}")]
    done = subprocess.run(["curl", "-sS", "-K", "-", "-o", str(house.root / "curl.out"), "-w", "%{http_code} %{time_total}", *fields,
                           "-F", f"fileuploadfront=@{front}", "-F", f"fileuploadside=@{side}", f"{house.url}/api/v1/upload"],
                          input=f'header = "Authorization: Bearer {house.token}"\n', stdout=subprocess.PIPE, text=True, check=True)
    status, seconds = done.stdout.split()
    if status != "202":
        raise AssertionError(f"curl got {status}: {(house.root / 'curl.out').read_text()}")
    return float(seconds)


@row("web")
def web():
    if not (WEB / "index.html").exists():
        raise AssertionError(f"no web app in {WEB}: scripts/web {WEB}")
    with House(**{"http.static_dir": WEB}) as ours, Place() as folder:
        ours.add_user("ann@example.org", password=PASSWORD)
        films = {v: film(folder / f"{v}.mp4", v) for v in ("front", "side")}

        def clean(seconds):
            """What a turn leaves is gone before the next one: no staging beside it."""
            for job in ours.get("/api/v1/jobs", ours.token).json["jobs"]:
                if not job["erased"]:
                    ours.request("POST", f"/api/v1/jobs/{job['id']}/cancel", ours.token)
                    ours.wait_job(job["id"], "cancelled")
                    ours.request("DELETE", f"/api/v1/jobs/{job['id']}", ours.token)
            return 2 * FILM_MB / seconds

        with Browser(ours, **films) as browser:
            seen = alternate(ROUNDS, browser=lambda: clean(browser.go()), curl=lambda: clean(curl(ours, **films)))
    a, b = median(seen["browser"]), median(seen["curl"])
    yield Row("upload by the web app", a / b, "x curl", ">=", 0.8,
              f"{a:.0f} against {b:.0f} MB/s, medians; two videos of {FILM_MB} MB, from “Send” to the job, hashed and durable", seen["browser"])
