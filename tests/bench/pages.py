"""Rows about the web app in a browser: its first load, when it can be used, and how late an event stands on a page."""

import gzip
import json
import os
import pathlib
import re
import subprocess
import time

from house import OWNER, House
from servers import SOURCE
from table import Row, median, row
from gaitd import BIN  # tests/support

LOADS, EVENTS, PASSWORD = 7, 40, "correct horse battery"
DRIVER = pathlib.Path(__file__).with_name("pages.mjs")


def browser(ours, what, **facts):
    env = {**os.environ, "SOURCE": str(SOURCE), "URL": ours.url, **facts}
    return subprocess.Popen(["timeout", "120", "node", DRIVER, what], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def interactive(ours):
    with browser(ours, "interactive") as node:
        return json.loads(node.communicate()[0]) / 1000


def first_load(ours):
    """The scripts that the first page names, as they travel."""
    html = ours.get("/").text
    paths = set(re.findall(r'(?:src|href)="(/assets/[^"]+\.js)"', html))
    if not paths:
        raise AssertionError(f"no web app at {ours.url}: scripts/web")
    bodies = [ours.get(p, Accept_Encoding="gzip") for p in paths]
    assert all(b.headers["Content-Encoding"] == "gzip" and gzip.decompress(b.body) for b in bodies)
    return sum(len(b.body) for b in bodies) / 1024


def event_delays(ours):
    """Milliseconds from before a heartbeat is sent, and so from before its commit, until the page shows its percentage."""
    job, attempt = ours.running_job()
    with browser(ours, "events", JOB=job, EMAIL=OWNER, PASSWORD=PASSWORD) as node:
        while json.loads(node.stdout.readline()) != "ready":
            pass
        delays = []
        for percent in range(1, EVENTS + 1):
            sent = time.time() * 1000
            attempt.heartbeat(percent=percent)
            while True:
                shown, at = json.loads(node.stdout.readline())
                if shown == percent:
                    break
            delays.append(at - sent)
            time.sleep(0.05)
        node.stdin.close()
    return delays


@row("pages")
def pages():
    with House(**{"http.static_dir": BIN.parent / "web"}) as ours:
        yield Row("web app, first load", first_load(ours), "KB of scripts", "<=", 200, "gzip; plots, form, camera and Spanish come when asked for")
        seen = [interactive(ours) for _ in range(LOADS)]
        yield Row("web app, interactive", median(seen), "s", "<=", 1.5,
                  f"sign-in form and first idle; processor 4 times slower, 10 Mb/s, 40 ms; best {min(seen):.2f}, worst {max(seen):.2f}", seen)
        ours.ctl("users", "password", OWNER, input=PASSWORD + "\n")
        delays = sorted(event_delays(ours))
        yield Row("an event on the page", delays[len(delays) * 95 // 100], "ms", "<=", 200,
                  f"95 of 100; median {median(delays):.0f}, worst {delays[-1]:.0f}; from the heartbeat's first byte to the changed page", delays)
