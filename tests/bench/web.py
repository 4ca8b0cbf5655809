"""Rows about the web app in a browser: its first load, when it can be used, how late an event stands on a page, and how fast it
sends, against curl on the same machine."""

import gzip
import json
import os
import re
import subprocess
import time

from house import OWNER, House
from line import Line
from servers import BIN, MB, SOURCE, Place
from table import Row, alternate, median, row
from uploads import ROUNDS

HERE = SOURCE / "tests" / "bench"
WEB = BIN.parent / "web"
PASSWORD = "correct horse battery"
FILM_MB = int(os.environ.get("BENCH_FILM_MB", "150"))
LOADS, EVENTS = 7, 40
LINE_MB_S, LINE_FILM_MB = 12.5, 25  # a line of 100 Mb/s
PHONE_MB_S, PHONE_DELAY_S = 1.25, 0.02  # 10 Mb/s, 40 ms there and back
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


class Driver:
    """A scenario in a browser: what it prints, line by line, and answers to what it asks."""

    def __init__(self, script, house, url, **facts):
        facts = {"password": PASSWORD, **{k: str(v) for k, v in facts.items()}}
        env = {**os.environ, "GAITD_URL": url, "GAITD_SOURCE": str(SOURCE), "GAITD_SHOTS": str(house.root),
               "FACTS": json.dumps(facts)}
        self.node = subprocess.Popen([SOURCE / "scripts/with-node", "node", HERE / script], env=env, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.node.terminate()
            self.node.wait()
        elif self.node.wait(60) != 0:
            raise AssertionError(f"the browser's driver ended with {self.node.returncode}")

    def line(self):
        said = self.node.stdout.readline()
        if not said:
            raise AssertionError("the browser's driver ended")
        return said.strip()

    def value(self):
        return json.loads(self.line())

    def answer(self, value):
        self.node.stdin.write(json.dumps(value) + "\n")
        self.node.stdin.flush()


class Sender(Driver):
    """web_send.mjs, turn by turn."""

    def __init__(self, house, url, **films):
        super().__init__("web_send.mjs", house, url, **films)

    def __exit__(self, kind, *more):
        if not kind:
            self.turn(False)
        super().__exit__(kind, *more)

    def turn(self, more):
        asked = self.line()
        if asked != "@turn":
            raise AssertionError(f"the browser's driver said {asked}")
        self.answer(more)

    def go(self):
        self.turn(True)
        said = self.value()
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

    with Sender(ours, url, **films) as browser:
        return alternate(rounds, browser=lambda: clean(browser.go()), curl=lambda: clean(curl(ours, url, **films)))


def first_load(ours):
    """KB of the scripts that the first page names, as they travel."""
    paths = set(re.findall(r'(?:src|href)="(/assets/[^"]+\.js)"', ours.get("/").text))
    bodies = [ours.get(p, Accept_Encoding="gzip") for p in paths]
    if not bodies or not all(gzip.decompress(b.body) for b in bodies):
        raise AssertionError(f"no web app at {ours.url}")
    return sum(len(b.body) for b in bodies) / 1024


def interactive(ours):
    with Line(ours.port, PHONE_MB_S * MB, PHONE_DELAY_S) as line, Driver("web_first_use.mjs", ours, line.url) as browser:
        return browser.value() / 1000


def event_delays(ours):
    """Milliseconds from before a heartbeat is sent, and so from before its commit, until the page shows its percentage."""
    job, attempt = ours.running_job()
    delays = []
    with Driver("web_events.mjs", ours, ours.url, email=OWNER, job=job) as browser:
        while browser.line() != "@ready":
            pass
        for percent in range(1, EVENTS + 1):
            sent = time.time() * 1000
            attempt.heartbeat(percent=percent)
            shown, at = browser.value()
            while shown != percent:
                shown, at = browser.value()
            delays.append(at - sent)
        browser.answer(True)
    return sorted(delays)


def app():
    if not (WEB / "index.html").exists():
        raise AssertionError(f"no web app in {WEB}: scripts/web {WEB}")
    return House(**{"http.static_dir": WEB})


@row("pages")
def pages():
    with app() as ours:
        yield Row("web app, first load", first_load(ours), "KB of scripts", "<=", 200, "gzip; plots, form, camera and Spanish come when asked for")
        seen = [interactive(ours) for _ in range(LOADS)]
        yield Row("web app, interactive", median(seen), "s", "<=", 1.5,
                  f"sign-in form and first idle; processor 4 times slower, 10 Mb/s, 40 ms; best {min(seen):.2f}, worst {max(seen):.2f}", seen)
        ours.ctl("users", "password", OWNER, input=PASSWORD + "\n")
        delays = event_delays(ours)
        yield Row("an event on the page", delays[len(delays) * 95 // 100], "ms", "<=", 200,
                  f"95 of 100; median {median(delays):.0f}, worst {delays[-1]:.0f}; from the heartbeat's first byte to the changed page", delays)


@row("web")
def web():
    with app() as ours, Place() as folder, Line(ours.port, LINE_MB_S * MB) as line:
        ours.add_user("ann@example.org", password=PASSWORD)
        for name, url, size, rounds, where in (("upload by the web app, 100 Mb/s", line.url, LINE_FILM_MB, 3, "over a line of 100 Mb/s"),
                                               ("upload by the web app, no line", ours.url, FILM_MB, ROUNDS, "on one machine")):
            films = {v: film(folder / f"{v}.mp4", v, size) for v in ("front", "side")}
            seen = turns(ours, url, films, 2 * size, rounds)
            a, b = median(seen["browser"]), median(seen["curl"])
            yield Row(name, a / b, "x curl", ">=", 0.8,
                      f"{a:.0f} against {b:.0f} MB/s {where}, medians; two videos of {size} MB, from “Send” to the job, hashed and durable",
                      seen["browser"])
