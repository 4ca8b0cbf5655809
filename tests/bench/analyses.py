"""Rows about key points that are posted: the whole gaitd, its child alone, and the command for each request."""

import json
import math
import os
import pathlib
import struct
import subprocess
import time

from house import House
from servers import BIN, SOURCE, Place, expect, load
from table import Row, alternate, median, ratios, row
import keypoints  # tests/support, beside gaitd
from processes import children

ROUNDS, COUNT, CLIENTS, VIEW_S = 5, 100, 4, 10
MODEL = SOURCE / "models" / "demonstration"
HEAD_PARTS = 6
ANALYZE, RESULT = 2, 3


def command(folder):
    """COUNT measurements a second by a gait-analyze each, two at once as there are two processors."""
    args = [BIN / "gait-analyze", "--front", folder / "front.json", "--side", folder / "side.json", "--height", "170cm", "--age", "40",
            "--sex", "F", "--model", MODEL, "--allow-demonstration", "--no-summary", "--out"]
    start, running = time.monotonic(), []
    for i in range(COUNT // 4):
        if len(running) == 2 and running.pop(0).wait() != 0:
            raise RuntimeError("gait-analyze failed")
        running.append(subprocess.Popen([*args, folder / f"result{i % 2}.json"]))
    for child in running:
        child.wait()
    return COUNT // 4 / (time.monotonic() - start)


class Child:
    """gait-analyze --serve, spoken to without gaitd."""

    def __init__(self, parts):
        self.parts = parts
        self.process = subprocess.Popen([BIN / "gait-analyze", "--serve", "--model", MODEL, "--allow-demonstration"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answer()

    def answer(self):
        head = self.process.stdout.read(12 + 4 * HEAD_PARTS)
        sizes = struct.unpack(f">{HEAD_PARTS}I", head[12:])
        return head[4], self.process.stdout.read(sum(sizes))

    def __call__(self):
        sizes = [len(p) for p in self.parts] + [0] * (HEAD_PARTS - len(self.parts))
        request = b"GSF1" + bytes([ANALYZE, 0, 0, 0]) + struct.pack(f">{HEAD_PARTS + 1}I", 1, *sizes) + b"".join(self.parts)
        start = time.monotonic()
        for _ in range(COUNT):
            self.process.stdin.write(request)
            self.process.stdin.flush()
            kind, text = self.answer()
            if kind != RESULT:
                raise RuntimeError(text)
        return COUNT / (time.monotonic() - start)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def processor_ms(pid):
    """Of a process and of its children that have ended, to the clock's tick."""
    fields = (pathlib.Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(f) for f in fields[11:15]) * 1000 / os.sysconf("SC_CLK_TCK")


def scorers_of(ours):
    return [pid for pid in children(ours.pid) if b"--serve" in (pathlib.Path("/proc") / str(pid) / "cmdline").read_bytes()]


def through_gaitd(ours, folder):
    answer = load("send", ours.port, "POST", "/api/v1/analyses", ("header", "Content-Type: application/json"), ours.bearer,
                  ("file", folder / "body.json"), ("clients", CLIENTS), ("count", COUNT // CLIENTS))
    expect(answer, 200)
    return answer["requests"] / answer["seconds"]


@row("analyses")
def analyses():
    front, side = (keypoints.document(v, seconds=VIEW_S) for v in ("front", "side"))
    patient = {"height": "170cm", "age": 40, "sex": "F"}
    with Place(memory=True) as folder:
        for name, value in (("front", front), ("side", side), ("body", {"front": front, "side": side, "patient": patient})):
            (folder / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")))
        settings = {"model.dir": MODEL, "model.allow_demonstration": "yes", "analysis.max_per_user": str(CLIENTS)}
        with House(**settings) as ours:
            result = ours.request("POST", "/api/v1/analyses", ours.token, json_body={"front": front, "side": side, "patient": patient}).json
            if result["score"]["value"] is None or math.isnan(result["score"]["value"]):
                raise RuntimeError("the pair has no score: the row would leave half of the work out")
            through_gaitd(ours, folder)  # starts as many children as it may have
            scorers, spent = scorers_of(ours), [0, 0]

            def asked():
                before = ours.cpu() * 1000, sum(map(processor_ms, scorers))
                figure = through_gaitd(ours, folder)
                spent[0] += ours.cpu() * 1000 - before[0]
                spent[1] += sum(map(processor_ms, scorers)) - before[1]
                return figure

            child = Child([json.dumps(patient).encode(), *((folder / f"{v}.json").read_bytes() for v in ("front", "side"))])
            try:
                seen = alternate(ROUNDS, gaitd=asked, child=child, command=lambda: command(folder))
            finally:
                child.close()
        size = os.path.getsize(folder / "body.json") if (folder / "body.json").exists() else 0
    yield Row("analyses", median(seen["gaitd"]), "a second", ">=", 100,
              f"pairs of {VIEW_S} s at 30 frames a second, {size // 1000} KB each, with score; {CLIENTS} clients, {len(scorers)} children", seen["gaitd"])
    each = [s / (ROUNDS * COUNT) for s in spent]
    yield Row("an analysis, processor time", sum(each), "ms", "<=", 12, f"{each[0]:.2f} in gaitd, {each[1]:.2f} in its children")
    yield Row("analyses against the command", median(ratios(seen["gaitd"], seen["command"])), "x gait-analyze a request", ">=", 3,
              f"{median(seen['gaitd']):.0f} against {median(seen['command']):.0f} a second, two at once")
    yield Row("analyses against the child alone", median(ratios(seen["gaitd"], seen["child"])), "x the child", ">=", 0.7,
              f"{median(seen['gaitd']):.0f} against {median(seen['child']):.0f} a second")
