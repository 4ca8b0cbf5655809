"""Rows about the whole gaitd: status, its latency beside uploads, accepting a job, event streams."""

import json
import select
import time

from servers import MB, Form, Nginx, Place, Server, cpu_s, expect, load, load_begin, status_kb
from table import Row, alternate, median, ratios, row
from gaitd import Gaitd  # tests/support

ROUNDS, SECONDS, CLIENTS = 7, 2, 16
OWNER = "bench@example.org"


class House(Gaitd):
    """A real gaitd with its own defaults, and attempts that the benchmark plays itself."""

    def __init__(self, **settings):
        super().__init__("parked", {"log.level": "info", "upload.max_concurrent_per_user": "64", "cluster.max_in_flight": "1",
                                    "worker.poll_interval": "1s", "cluster.status_interval": "2s", **settings})

    def start(self, env_now=None):
        super().start(env_now)
        self.pid = self.process.pid
        self.token = self.person(OWNER, "staff")
        return self

    @property
    def bearer(self):
        return ("header", f"Authorization: Bearer {self.token}")

    def running_job(self):
        """A job under way, with its attempt checked in: its status has a version, as most that are asked for."""
        job = self.new_job(self.token)
        attempt = self.attempt(job)
        attempt.checkin()
        return job, attempt

    def cpu(self):
        return cpu_s(self.process.pid)


def asked(server, port, path, *options):
    """Requests a second and microseconds of the processor for each."""
    before = server.cpu()
    answer = load("get", port, "GET", path, ("clients", CLIENTS), ("seconds", SECONDS), *options)
    return answer["requests"] / answer["seconds"], (server.cpu() - before) / answer["requests"] * 1e6, answer


@row("status")
def status():
    with House() as ours, Place(memory=True) as folder, Nginx(folder) as nginx:
        job, _ = ours.running_job()
        path = f"/api/v1/jobs/{job}"
        answer = ours.get(path, ours.token)
        tag = answer.headers["ETag"]
        (folder / "root" / "status.json").write_bytes(answer.body)
        static = f"{nginx.port}", "/status.json"

        def peer():
            seen = asked(nginx, static[0], static[1])
            expect(seen[2], 200)
            return seen[:2]

        def full():
            seen = asked(ours, ours.port, path, ours.bearer)
            expect(seen[2], 200)
            return seen[:2]

        def unchanged():
            seen = asked(ours, ours.port, path, ours.bearer, ("header", f"If-None-Match: {tag}"))
            expect(seen[2], 304)
            return seen[:2]

        seen = alternate(ROUNDS, nginx=peer, full=full, unchanged=unchanged)
    rate = {k: [x[0] for x in v] for k, v in seen.items()}
    cost = {k: median([x[1] for x in v]) for k, v in seen.items()}
    for key, name, mark in (("full", "job status", 0.65), ("unchanged", "job status, unchanged ETag", 0.9)):
        r = ratios(rate[key], rate["nginx"])
        yield Row(name, median(r), "x nginx static", ">=", mark,
                  f"{median(rate[key]):.0f} against {median(rate['nginx']):.0f} requests/s; "
                  f"{cost[key]:.1f} against {cost['nginx']:.1f} us of the processor; {len(answer.body)} bytes", r)


@row("beside")
def beside():
    """Status at a fixed rate while 8 uploads run, each of two videos, hashed and made durable."""
    with House() as ours, Place() as folder:
        job, _ = ours.running_job()
        form = Form(folder)
        path = f"/api/v1/jobs/{job}"
        ask = lambda seconds: expect(load("get", ours.port, "GET", path, ours.bearer, ("clients", 8), ("rate", 400),
                                          ("seconds", seconds)), 200)
        alone = ask(5)
        # 8 again and again until 3 GB went in: then there are uploads in every phase
        crowd = load_begin("send", ours.port, "POST", "/api/v1/upload", ours.bearer, *form.pair(20 * MB),
                           ("clients", 8), ("bytes", 10**12), ("seconds", 22))
        time.sleep(1)
        while_running = ask(18)
        done = json.loads(crowd.communicate()[0])
    if set(done["codes"]) - {"0", "202"}:
        raise RuntimeError(f"uploads were refused: {done}")
    yield Row("status p99.9 beside 8 uploads", while_running["p999_ms"], "ms", "<=", 20,
              f"p50 {while_running['p50_ms']:.2f}, p99 {while_running['p99_ms']:.1f}, most {while_running['max_ms']:.1f}; "
              f"alone p99.9 {alone['p999_ms']:.1f}; {done['bytes'] / MB / done['seconds']:.0f} MB/s of uploads, hashed and durable")


@row("accept")
def accept():
    """From the last byte of a small upload to its 202, less what its two files' own syncs take."""
    size = 4000
    figures, notes = [], []
    with House() as ours, Place() as folder:
        form = Form(folder)
        for _ in range(5):
            disk = load("fsync", 0, "-", folder, ("count", 40), ("bytes", size))
            # a gap, so that staging of the job before is over
            took = expect(load("send", ours.port, "POST", "/api/v1/upload", ours.bearer, *form.pair(size), ("count", 40),
                               ("hold", 5), ("gap", 60)), 202)
            figures.append((took["p50_ms"] - disk["files_ms"]) / disk["fdatasync_ms"])
            notes.append((took["p50_ms"], disk["files_ms"], disk["fdatasync_ms"]))
    took, files, sync = (median([n[i] for n in notes]) for i in range(3))
    yield Row("accepting a job", median(figures), "x fdatasync of 4 KiB", "<=", 3,
              f"{took:.2f} ms from last byte to 202, {files:.2f} of them the files' own; fdatasync {sync:.3f} ms", figures)


def told(process, command=None, seconds=60):
    """The next line of the stream holder, after @command."""
    if command:
        process.stdin.write(command + "\n")
        process.stdin.flush()
    if not select.select([process.stdout], [], [], seconds)[0]:
        raise RuntimeError(f"event streams: nothing after {command or 'the start'}")
    return json.loads(process.stdout.readline())


@row("streams")
def streams():
    count = 5000
    with House() as ours:
        job, attempt = ours.running_job()
        path = f"/api/v1/jobs/{job}/events"
        expect(load("get", ours.port, "GET", f"/api/v1/jobs/{job}", ours.bearer, ("seconds", 1)), 200)
        before_kb = status_kb(ours.process.pid, "VmRSS")
        holder = load_begin("streams", ours.port, "GET", path, ours.bearer, ("clients", count), ("seconds", 120))
        try:
            start = time.monotonic()
            told(holder)
            opened_s = time.monotonic() - start
            told(holder, "quiet")
            each_kb = (status_kb(ours.process.pid, "VmRSS") - before_kb) / count
            spread, answers = [], []
            for i in range(7):
                told(holder, "arm")
                start = time.monotonic()
                answers.append(attempt.heartbeat(percent=10 + i).status)
                spread.append((told(holder)["last_s"] - start) * 1000)
            told(holder, "quiet")
            # Heartbeats come together, 15 s after the last event: first a stretch without, then one with
            before, start = ours.cpu(), time.monotonic()
            time.sleep(8)
            idle = (ours.cpu() - before) / (time.monotonic() - start) * 100
            time.sleep(9)
            beats_s = ours.cpu() - before
            holder.communicate("quit\n", timeout=30)
        finally:
            Server.end(holder)
    if set(answers) != {200} and set(answers) != {204}:
        raise RuntimeError(f"heartbeats got {answers}")
    yield Row("event streams held", count, "streams", ">=", 5000, f"all open after {opened_s:.1f} s")
    yield Row("an event stream's memory", each_kb, "KiB", "<=", 24)
    yield Row("event streams, idle", idle, "% of a processor", "<=", 1,
              f"a round of {count} heartbeats every 15 s costs {max(0, beats_s) * 1000:.0f} ms")
    yield Row("a change to all streams", median(spread), "ms", "<=", 150, "from the request that makes it to the last reader", spread)
