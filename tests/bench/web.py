"""Rows about the web app: how fast a browser sends, against curl on the same machine."""

import json
import os
import subprocess

from house import House
from line import Line
from servers import BIN, MB, SOURCE, Place
from table import Row, alternate, median, row
from uploads import ROUNDS

HERE = SOURCE / "tests" / "bench"
WEB = BIN.parent / "web"
PASSWORD = "correct horse battery"
FILM_MB = int(os.environ.get("BENCH_FILM_MB", "150"))
LINE_MB_S, LINE_FILM_MB = 12.5, 25  # a line of 100 Mb/s
FIELDS = {"age": "30", "sex": "F", "height": "172cm", "weight": "68kg", "walking_aid": "none", "orthosis": "none", "footwear": "shoes",
          "role": "self"}


def film(path, seed, size_mb):
    """What browsers play, made long by a box that players skip."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=4", "-pix_fmt", "yuv420p",
                    "-metadata", f"title={seed}", str(path)], check=True, stdin=subprocess.DEVNULL)
    with path.open("ab") as f:
        left = size_mb * MB - path.stat().st_size
        f.write(left.to_bytes(4, "big") + b"free")
        block = os.urandom(1 << 20)
        left -= 8
        while left > 0:
            left -= f.write(block[:min(left, len(block))])
    return path


class Browser:
    """web_send.mjs, turn by turn."""

    def __init__(self, house, url, **films):
        facts = {"password": PASSWORD, **{k: str(v) for k, v in films.items()}}
        env = {**os.environ, "GAITD_URL": url, "GAITD_SOURCE": str(SOURCE), "GAITD_SHOTS": str(house.root), "FACTS": json.dumps(facts)}
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


def curl(house, url, front, side):
    """The plain form. The token goes by standard input, so that it is in no list of processes."""
    fields = [arg for k, v in FIELDS.items() for arg in ("-F", f"{k}={v}")]
    done = subprocess.run(["curl", "-sS", "-K", "-", "-o", str(house.root / "curl.out"), "-w", "%{http_code} %{time_total}", *fields,
                           "-F", f"fileuploadfront=@{front}", "-F", f"fileuploadside=@{side}", f"{url}/api/v1/upload"],
                          input=f'header = "Authorization: Bearer {house.token}"\n', stdout=subprocess.PIPE, text=True, check=True)
    status, seconds = done.stdout.split()
    if status != "202":
        raise AssertionError(f"curl got {status}: {(house.root / 'curl.out').read_text()}")
    return float(seconds)


def turns(ours, url, films, megabytes, rounds):
    """MB/s of the browser and of curl, in turns."""

    def clean(seconds):
        """What a turn leaves is gone before the next one: no staging beside it."""
        for job in ours.get("/api/v1/jobs", ours.token).json["jobs"]:
            if not job["erased"]:
                ours.request("POST", f"/api/v1/jobs/{job['id']}/cancel", ours.token)
                ours.wait_job(job["id"], "cancelled")
                ours.request("DELETE", f"/api/v1/jobs/{job['id']}", ours.token)
        return megabytes / seconds

    with Browser(ours, url, **films) as browser:
        return alternate(rounds, browser=lambda: clean(browser.go()), curl=lambda: clean(curl(ours, url, **films)))


@row("web")
def web():
    if not (WEB / "index.html").exists():
        raise AssertionError(f"no web app in {WEB}: scripts/web {WEB}")
    with House(**{"http.static_dir": WEB}) as ours, Place() as folder, Line(ours.port, LINE_MB_S * MB) as line:
        ours.add_user("ann@example.org", password=PASSWORD)
        for name, url, size, rounds, where in (("upload by the web app, 100 Mb/s", line.url, LINE_FILM_MB, 3, "over a line of 100 Mb/s"),
                                               ("upload by the web app, no line", ours.url, FILM_MB, ROUNDS, "on one machine")):
            films = {v: film(folder / f"{v}.mp4", v, size) for v in ("front", "side")}
            seen = turns(ours, url, films, 2 * size, rounds)
            a, b = median(seen["browser"]), median(seen["curl"])
            yield Row(name, a / b, "x curl", ">=", 0.8,
                      f"{a:.0f} against {b:.0f} MB/s {where}, medians; two videos of {size} MB, from “Send” to the job, hashed and durable",
                      seen["browser"])
