#!/usr/bin/env python3
"""walks.py: the features of walks that nobody walked, for the demonstration model.

For each row one figure of tools/walker, typical or shifted: its true key points, unevenly fast, with noise as a pose
engine makes it, go through gait-analyze like anybody's, and what is measured is a line of a table. No picture is
rendered. The same programs give the same table each time."""

import argparse
import concurrent.futures
import json
import math
import pathlib
import random
import re
import subprocess
import sys
import tempfile

POINTS = 25
FPS = 30
SECONDS = 7.5
LONGEST = 0.84  # step of the figure's own leg, which the walker can do with any asymmetry that is drawn
LEG = 0.530  # of the height, as src/gait has it
CHILD_SHARE = 0.6
CHILD_YEARS = (3, 14.5)
ADULT_YEARS = (15, 65)
SETS = ("train", "train", "calibrate", "test", "test")
ROOT = pathlib.Path(__file__).resolve().parents[2]

# Mean and SD of an adult's walk, and the shifted group's distance in SD. Directions: Lum 2021, Kindregan 2015; sizes by
# hand (docs/model-card-demonstration.md). A child's means are the walker's for its age, its SD the same shares of them.
CADENCE = (110, 7, -0.4)
STEP_PER_LEG = (0.74, 0.05, -0.5)
WIDTH_PER_HEIGHT = (0.058, 0.014, 0.8)
KNEE = (1.0, 0.10, -0.6)
ASYMMETRY = (0.0, 0.02, 0.0)
UNEVEN = (1.0, 0.30, 1.0)  # times what is usual at this age
ON_TOES = (0.01, 0.12)  # share of walks, typical and shifted
# Alike in both groups, so that the model sees what does not matter.
TOE_OUT, TRUNK_SWAY, ARM_SWING = (6.3, 3.5), (1.5, 1.2), (1.0, 0.2)

# Stride time's coefficient of variation, %, by age in years: after Hausdorff 1999, rounded.
UNEVEN_BY_AGE = ((3.5, 6.0), (6.5, 3.3), (12.5, 2.1), (20, 1.6))


def between(table, x):
    for (x0, y0), (x1, y1) in zip(table, table[1:]):
        if x <= x1:
            return y0 + (y1 - y0) * max(0.0, (x - x0) / (x1 - x0))
    return table[-1][1]


def drawn(rng, row, group=0):
    mean, sd, shift = (*row, 0)[:3]
    return mean + sd * (max(-2.5, min(2.5, rng.gauss(0, 1))) + group * shift)


def features(wanted):
    """name -> (parameter, how), by the one table that says what models may take. What is told of the person is a column
    of its own."""
    text = (ROOT / "src/score/features.def").read_text()
    rows = {m[1]: (m[2], m[3]) for m in re.finditer(r'^FEATURE\((\w+), "[^"]*", (\w+), (\w+)\)', text, re.M)}
    return {name: rows[name] for name in wanted or rows if name in rows}


def walker(program, folder, options):
    args = [program, "--out", folder, "--truth-only", "--fps", FPS]
    for name, v in options.items():
        args += [f"--{name}", v if isinstance(v, str) else f"{v:.4f}"]
    subprocess.run([str(a) for a in args], check=True, capture_output=True, text=True)
    return json.loads(pathlib.Path(folder, "truth.json").read_text())


def typical(program, years, cache={}):
    """The walker's own height and cadence at this age, and step and leg as shares of the height."""
    if years not in cache:
        with tempfile.TemporaryDirectory() as folder:
            t = walker(program, folder, {"age": years, "duration": 0.1, "view": "side"})
        h = t["height_m"]
        cache[years] = h, t["cadence_steps_per_min"], t["stride_length_m"] / 2 / h, t["leg_length_m"] / h
    return cache[years]


def figure(program, rng, group):
    """A person and a walk: facts for the table, options for the walker, and how uneven the steps are in time."""
    sex = rng.choice("FM")
    if rng.random() < CHILD_SHARE:
        years = rng.randint(int(2 * CHILD_YEARS[0]), int(2 * CHILD_YEARS[1])) / 2
        height, cadence, step, leg = typical(program, years)
        height *= 1 + 0.045 * drawn(rng, (0, 1))
        body = {"age": years}
    else:
        years = float(rng.randint(*ADULT_YEARS))
        height = drawn(rng, (1.63, 0.065) if sex == "F" else (1.76, 0.07))
        cadence, step, leg = CADENCE[0], STEP_PER_LEG[0] * LEG, typical(program, 20)[3]
        body = {}
    step = min(step * drawn(rng, STEP_PER_LEG, group) / STEP_PER_LEG[0], LONGEST * leg)
    about = {"sex": sex, "age_months": round(12 * years), "height_m": round(height, 3)}
    options = {"height": f"{about['height_m']:.3f}m", **body,
               "cadence": cadence * drawn(rng, CADENCE, group) / CADENCE[0],
               "step": step * height,
               "width": max(0.01, drawn(rng, WIDTH_PER_HEIGHT, group)) * height,
               "knee-left": drawn(rng, KNEE, group), "knee-right": drawn(rng, KNEE, group),
               "asymmetry": drawn(rng, ASYMMETRY), "asymmetry-time": drawn(rng, ASYMMETRY),
               "toe-out": drawn(rng, TOE_OUT), "trunk-sway": max(0, drawn(rng, TRUNK_SWAY)),
               "arm-swing": drawn(rng, ARM_SWING), "duration": SECONDS,
               "direction": rng.choice(["left", "right"]), "front-direction": rng.choice(["toward", "away"])}
    if rng.random() < ON_TOES[group]:
        options["contact"] = "toe"
    return about, options, between(UNEVEN_BY_AGE, years) / 100 * max(0.2, drawn(rng, UNEVEN, group))


def uneven(truth, rng, cv):
    """The figure's times to show at frames 0, 1, …: each of its steps is a little slower or faster than the last."""
    strikes = sorted(t for side in truth["events_s"].values() for t in side["heel_strike"])
    knots, at = [(0.0, 0.0)], 0.0
    for a, b in zip([0.0, *strikes], [*strikes, truth["frames"] / truth["fps"]]):
        # Two steps make a stride, so a step varies by √2 of what the stride shall.
        at += (b - a) * (1 + math.sqrt(2) * cv * max(-2.5, min(2.5, rng.gauss(0, 1))))
        knots.append((at, b))
    last = (truth["frames"] - 3) / truth["fps"]
    times = []
    for i in range(int(2 * truth["frames"])):
        t = between(knots, i / FPS)
        if t > last:
            break
        times.append(t)
    return times


def shown(frames, fps, t):
    """Key points at a time between frames (Catmull-Rom)."""
    i = min(len(frames) - 2, max(0, int(t * fps)))
    u = t * fps - i
    p = [frames[min(len(frames) - 1, max(0, i + k))] for k in (-1, 0, 1, 2)]
    w = (-0.5 * u + u * u - 0.5 * u ** 3, 1 - 2.5 * u * u + 1.5 * u ** 3, 0.5 * u + 2 * u * u - 1.5 * u ** 3,
         -0.5 * u * u + 0.5 * u ** 3)
    return [w[0] * a + w[1] * b + w[2] * c + w[3] * d for a, b, c, d in zip(*p)]


def document(truth, view, rng, times):
    """Key points as a pose engine would give them: jitter, and an error that wanders (0.8 and 1.5 % of the leg)."""
    about = truth["views"][view]
    leg = [truth["leg_length_m"] * about["focal_px"] / d for d in about["depth_m"]]
    slow = [rng.gauss(0, 1) for _ in range(2 * POINTS)]
    keep = math.exp(-1 / (FPS * 0.4))
    frames = []
    for t in times:
        size = leg[min(len(leg) - 1, int(t * truth["fps"]))]
        xy = shown(about["key_points"], truth["fps"], t)
        slow = [keep * s + math.sqrt(1 - keep * keep) * rng.gauss(0, 1) for s in slow]
        xy = [v + size * (0.008 * rng.gauss(0, 1) + 0.015 * s) for v, s in zip(xy, slow)]
        flat = [v for i in range(POINTS) for v in (round(xy[2 * i], 2), round(xy[2 * i + 1], 2), 0.9)]
        frames.append({"people": [{"pose_keypoints_2d": flat}]})
    return {"fps": FPS, "width": truth["width"], "height": truth["height"], "layout": "body_25", "engine": "walker",
            "frames": frames}


def value_of(parameters, name, how):
    p = parameters[name]
    if how == "MEAN_OF_SIDES":
        both = [p[s]["value"] for s in ("left", "right")]
        return None if None in both else sum(both) / 2
    return p["value"] if how == "WHOLE_VALUE" or p["value"] is None else abs(p["value"])


def measured(programs, number):
    """One line of the table, a dictionary."""
    rng = random.Random(f"walk {number}")
    group = number % 2
    about, options, cv = figure(programs.walker, rng, group)
    with tempfile.TemporaryDirectory() as folder:
        truth = walker(programs.walker, folder, options)
        times = uneven(truth, rng, cv)
        for view in ("front", "side"):
            pathlib.Path(folder, f"{view}.json").write_text(json.dumps(document(truth, view, rng, times)))
        args = [programs.analyze, "--out", f"{folder}/result.json", "--height", f"{about['height_m']:.3f}m",
                "--age-months", about["age_months"], "--sex", about["sex"], "--no-summary"]
        for view in ("front", "side"):
            args += [f"--{view}", f"{folder}/{view}.json"]
        subprocess.run([str(a) for a in args], check=True, capture_output=True, text=True)
        parameters = json.loads(pathlib.Path(folder, "result.json").read_text())["parameters"]
    return {"walk": number, "set": SETS[number // 2 % len(SETS)], "group": group, **about,
            **{name: value_of(parameters, *row) for name, row in programs.wanted.items()}}


def text_of(v):
    return "" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v)


def main():
    ask = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    ask.add_argument("--walker", required=True)
    ask.add_argument("--analyze", required=True)
    ask.add_argument("--walks", type=int, default=600)
    ask.add_argument("--jobs", type=int, default=2)
    ask.add_argument("--features", type=pathlib.Path, help="file of the names that become columns (all)")
    ask.add_argument("--out", type=pathlib.Path, required=True)
    a = ask.parse_args()
    a.wanted = features(a.features and a.features.read_text().split())
    rows = []
    with concurrent.futures.ProcessPoolExecutor(a.jobs) as pool:
        for row in pool.map(measured, [a] * a.walks, range(a.walks), chunksize=4):
            rows.append(row)
            if sys.stderr.isatty() or len(rows) % 100 == 0:
                print(f"walk {len(rows)} of {a.walks}", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)
    lines = ["# Made by scripts/train-demo-model: what gait-analyze measures on figures of tools/walker. No person's data.",
             ",".join(rows[0]), *(",".join(map(text_of, row.values())) for row in rows)]
    a.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as e:
        sys.exit(f"walks.py: {e.cmd[0]}: {e.stderr.strip()}")
