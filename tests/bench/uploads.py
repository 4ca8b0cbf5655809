"""Rows about uploads: how fast, how much processor time, how much memory, how durable."""

import os
import subprocess
import time

from servers import (GIB, MB, UPLOAD_NICE, Form, Httpd, Nginx, Place, expect, load, load_begin, reset_peak, status_kb)
from table import Row, alternate, median, ratios, row

SIZE = int(os.environ.get("BENCH_UPLOAD_MB", "600")) * MB
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


def timed(server, run):
    """MB/s and processor seconds a GB of one upload run."""
    before = server.cpu()
    answer = run()
    gigabytes = answer["bytes"] / 1e9
    return answer["bytes"] / MB / answer["seconds"], (server.cpu() - before) / gigabytes


def post(server, form, sink, size=None, clients=1):
    size = size or SIZE
    return timed(server, lambda: expect(load("send", server.port, "POST", f"/api/v1/{sink}", *form.one(size),
                                             ("clients", clients)), 201))


def put(nginx, size=None, clients=1):
    size = size or SIZE
    return timed(nginx, lambda: expect(load("send", nginx.port, "PUT", "/put/x", ("fill", size), ("clients", clients)),
                                       201, 204))


def openssl_s_per_gb():
    """What the hash itself costs here: processor seconds of one thread for a GB."""
    done = subprocess.run(["openssl", "speed", "-mr", "-seconds", "1", "-bytes", "262144", "-evp", "sha256"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    line = next(x for x in done.stdout.splitlines() if x.startswith("+F:"))
    return 1e9 / float(line.split(":")[-1])


@row("upload")
def upload():
    with Place(memory=True) as folder, Httpd(folder) as ours, Nginx(folder, UPLOAD_NICE) as nginx:
        form = Form(folder)
        seen = alternate(ROUNDS, nginx=lambda: put(nginx), file=lambda: post(ours, form, "file"),
                         null=lambda: post(ours, form, "null"), sha256=lambda: post(ours, form, "sha256"),
                         openssl=openssl_s_per_gb)
    speed = {k: [x[0] for x in v] for k, v in seen.items() if k != "openssl"}
    cpu = {k: [x[1] for x in v] for k, v in seen.items() if k != "openssl"}
    r = ratios(speed["file"], speed["nginx"])
    yield Row("upload, one file", median(r), "x nginx PUT", ">=", 0.9,
              f"{median(speed['file']):.0f} against {median(speed['nginx']):.0f} MB/s, both to memory files; "
              f"dropped: {median(speed['null']):.0f} MB/s", r)
    r = ratios(cpu["file"], cpu["nginx"])
    yield Row("upload, processor time", median(r), "x nginx PUT", "<=", 1.2,
              f"{median(cpu['file']):.2f} against {median(cpu['nginx']):.2f} s/GB; dropped: {median(cpu['null']):.2f}", r)
    budget = [1.2 * n + 1.15 * o for n, o in zip(cpu["nginx"], seen["openssl"])]
    r = ratios(cpu["sha256"], budget)
    yield Row("upload with SHA-256, processor time", median(r), "x its budget", "<=", 1,
              f"{median(cpu['sha256']):.2f} s/GB of 1.2 x nginx and 1.15 x openssl speed ({median(seen['openssl']):.2f}); "
              f"{median(speed['sha256']):.0f} MB/s", r)


@row("parallel")
def parallel():
    size = SIZE // 4
    with Place(memory=True) as folder, Httpd(folder) as ours, Nginx(folder, UPLOAD_NICE) as nginx:
        form = Form(folder)
        seen = alternate(ROUNDS, nginx=lambda: put(nginx, size, 8), file=lambda: post(ours, form, "file", size, 8))
    speed = {k: [x[0] for x in v] for k, v in seen.items()}
    r = ratios(speed["file"], speed["nginx"])
    cost = {k: median([x[1] for x in v]) for k, v in seen.items()}
    yield Row("8 uploads at once", median(r), "x nginx PUT", ">=", 0.9,
              f"{median(speed['file']):.0f} against {median(speed['nginx']):.0f} MB/s with one worker; processor time "
              f"{cost['file']:.2f} against {cost['nginx']:.2f} s/GB", r)


def dd(folder):
    start = time.monotonic()
    subprocess.run(["nice", "-n", str(UPLOAD_NICE), "dd", "if=/dev/zero", f"of={folder}/dd", "bs=256K", f"count={SIZE >> 18}", "conv=fdatasync"],
                   stderr=subprocess.DEVNULL, check=True)
    speed = (SIZE >> 18 << 18) / MB / (time.monotonic() - start)
    os.unlink(folder / "dd")
    return speed


@row("durable")
def durable():
    with Place() as folder, Httpd(folder) as ours:
        form = Form(folder)
        seen = alternate(ROUNDS, dd=lambda: dd(folder), disk=lambda: post(ours, form, "disk")[0])
    r = ratios(seen["disk"], seen["dd"])
    yield Row("durable upload to disk", median(r), "x dd conv=fdatasync", ">=", 0.75,
              f"{median(seen['disk']):.0f} against {median(seen['dd']):.0f} MB/s", r)


def peak_mb(server, form, size, clients=1):
    reset_peak(server.pid)
    expect(load("send", server.port, "POST", "/api/v1/null", *form.one(size), ("clients", clients)), 201)
    return status_kb(server.pid, "VmHWM") / 1024


@row("memory")
def memory():
    with Place(memory=True) as folder, Httpd(folder) as ours:
        form = Form(folder)
        small = peak_mb(ours, form, MB)
        large = peak_mb(ours, form, 4 * GIB)
        eight = peak_mb(ours, form, 100 * MB, 8)
    yield Row("memory, an upload of 4 GiB", large, "MiB", "<=", 13, "12 MiB and 1 of the connection; file dropped")
    yield Row("memory, 4 GiB beyond 1 MB", large - small, "MiB", "<=", 1, f"{small:.1f} MiB at 1 MB")
    yield Row("memory, 8 uploads at once", eight, "MiB", "<=", 20, "12 MiB and 1 a connection")


@row("slow")
def slow():
    seconds = 8
    with Place(memory=True) as folder, Httpd(folder) as ours:
        form = Form(folder)
        fast = lambda: post(ours, form, "file")
        fast()
        alone = [], []
        beside = [], []
        idle = []
        for _ in range(3):
            alone[0].append(fast()[0])
            crowd = load_begin("send", ours.port, "POST", "/api/v1/null", *form.one(40 * MB), ("clients", 200),
                               ("rate", 1024), ("seconds", seconds))
            time.sleep(1)  # they are all there
            before, start = ours.cpu(), time.monotonic()
            time.sleep(3)
            idle.append((ours.cpu() - before) / (time.monotonic() - start) * 100)
            memory = status_kb(ours.pid, "VmRSS") / 1024
            beside[0].append(fast()[0])
            if crowd.poll() is not None:
                raise RuntimeError("the slow uploads ended before the fast one")
            crowd.wait()
        r = ratios(beside[0], alone[0])
    yield Row("an upload beside 200 at 1 KB/s", median(r), "x alone", ">=", 0.85,
              f"{median(beside[0]):.0f} against {median(alone[0]):.0f} MB/s", r)
    yield Row("200 uploads at 1 KB/s", median(idle), "% of a processor", "<=", 3, f"{memory:.0f} MiB resident", idle)


def hostile_bodies(form):
    """Bodies that try to make a parser keep things: name, fixed beginning, the pattern that goes on for ever."""
    mark, file = form.MARK, form.file("file")
    nested = (f'--{mark}\r\nContent-Disposition: form-data; name="n"\r\n'
              "Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n"
              'Content-Disposition: file; filename="a"\r\n\r\nx\r\n--inner--\r\n')
    return (("near-boundaries", file, f"\r\n--{mark[:-1]}\r\n--\r\n\r\n"),
            ("endless preamble", "x", "preamble\r\n--\r\n"),
            ("endless header", f"--{mark}\r\n", "X-Long: " + "a" * 4000),
            ("many headers", f"--{mark}\r\n", "X-A: b\r\n"),
            ("many fields", form.field("a", "b"), form.field("a", "b" * 500)),
            ("endless field", f'--{mark}\r\nContent-Disposition: form-data; name="f"\r\n\r\n', "field " * 100),
            ("many files", file, "x\r\n" + file),
            ("nested parts", nested, nested),
            ("only line ends", file, "\r\n" * 500))


@row("hostile")
def hostile():
    grown, notes = [], []
    with Place(memory=True) as folder, Httpd(folder) as ours:
        form = Form(folder)
        expect(load("send", ours.port, "POST", "/api/v1/null", *form.one(50 * MB), ("clients", 2)), 201)
        before = status_kb(ours.pid, "VmRSS")
        for name, begin, pattern in hostile_bodies(form):
            start = form.put("hostile-begin", begin.encode())
            again = form.put("hostile-pattern", pattern.encode() * (1 + (1 << 18) // len(pattern)))
            answer = load("send", ours.port, "POST", "/api/v1/null", form.TYPE, ("file", start), ("pattern", again),
                          ("fill", 10**9), ("bytes", 10**9), ("seconds", 20))
            grown.append((status_kb(ours.pid, "VmRSS") - before) / 1024)
            notes.append((name, answer["bytes"] / 1e9, grown[-1], answer["codes"]))
    least = min(notes, key=lambda n: n[1])
    worst = max(notes, key=lambda n: n[2])
    yield Row("memory after hostile multipart", max(grown), "MiB", "<=", 1,
              f"{len(notes)} kinds one after the other, {least[1]:.1f} to {max(n[1] for n in notes):.1f} GB each; "
              f"most after: {worst[0]}", notes)


