"""Key points as gait-analyze reads them, and what can go wrong with them.

A frame is a list of 25 (x, y, confidence) in BODY_25 order, or None where nobody was found."""

import json
import math
import pathlib
import random

POINTS = 25
ABSENT = (0.0, 0.0, 0.0)
LEG_PAIRS = ((9, 12), (10, 13), (11, 14), (22, 19), (23, 20), (24, 21))


# Other engines' orders of points: BODY_25's index at each place, None where BODY_25 has no such point.
LAYOUTS = {
    "body_25": list(range(POINTS)),
    "coco_17": [0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11],
    "coco_18": [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18],
    "mediapipe_33": [0, None, 16, None, None, 15, None, 18, 17, None, None, 5, 2, 6, 3, 7, 4, None, None, None, None, None,
                     None, 12, 9, 13, 10, 14, 11, 21, 24, 19, 22],
}


def of_truth(truth, view):
    """The walker's own points: every one seen, exactly."""
    return [[(xy[2 * i], xy[2 * i + 1], 1.0) for i in range(POINTS)] for xy in truth["views"][view]["key_points"]]


def read(folder):
    frames = []
    for path in sorted(pathlib.Path(folder).glob("*_keypoints.json")):
        people = json.loads(path.read_text())["people"]
        flat = people[0]["pose_keypoints_2d"] if people else None
        frames.append(None if flat is None else [tuple(flat[3 * i:3 * i + 3]) for i in range(POINTS)])
    return frames


def write(path, frames, fps, width, height, layout="body_25"):
    """One document for all frames: hundreds of small files would take longer than what is to be measured."""
    order = LAYOUTS[layout]
    people = [[] if f is None else [{"pose_keypoints_2d": [round(v, 3) for i in order for v in (ABSENT if i is None else f[i])]}]
              for f in frames]
    pathlib.Path(path).write_text(json.dumps({"fps": fps, "width": width, "height": height, "layout": layout,
                                              "engine": "walker", "frames": [{"people": p} for p in people]}))


def noisy(frames, rng, sigma):
    """Independent Gaussian noise of @sigma pixels on each coordinate."""
    return [f and [(x + rng.gauss(0, sigma), y + rng.gauss(0, sigma), c) if c > 0 else (x, y, c) for x, y, c in f]
            for f in frames]


def dropped(frames, rng, share):
    return [None if rng.random() < share else f for f in frames]


def holes(frames, rng, share):
    """Single points that were not found."""
    return [f and [(0.0, 0.0, 0.0) if rng.random() < share else p for p in f] for f in frames]


def swapped(frames, rng, share, longest=6):
    """The legs exchanged in runs of 2 to @longest frames, over about @share of all."""
    out, i = list(frames), 0
    while i < len(out):
        if rng.random() < share / ((2 + longest) / 2):
            end = min(len(out), i + rng.randint(2, longest))
            for k in range(i, end):
                out[k] = out[k] and exchanged(out[k])
            i = end
        i += 1
    return out


def exchanged(frame):
    frame = list(frame)
    for a, b in LEG_PAIRS:
        frame[a], frame[b] = frame[b], frame[a]
    return frame


def unswapped(frames, true):
    """Each frame's legs as labelled or exchanged, whichever lies nearer the true points, and how many were exchanged."""
    def off(frame, truth):
        return sum(abs(frame[i][0] - truth[i][0]) + abs(frame[i][1] - truth[i][1])
                   for pair in LEG_PAIRS[1:4] for i in pair if frame[i][2] > 0)

    out, n = [], 0
    for f, t in zip(frames, true):
        other = f and exchanged(f)
        wrong = bool(f) and off(other, t) < off(f, t)
        n += wrong
        out.append(other if wrong else f)
    return out, n


def knee_deg(frame, hip, knee, ankle, direction):
    """Flexion in the image's plane: thigh minus shank, both from the vertical, forward positive."""
    def lean(a, b):
        return math.degrees(math.atan2(direction * (frame[b][0] - frame[a][0]), frame[b][1] - frame[a][1]))
    return lean(hip, knee) - lean(knee, ankle)


# name: what is done to a view's frames. Each gets a generator of its own.
VARIANTS = {
    "clean": lambda f, r: f,
    "noise_1px": lambda f, r: noisy(f, r, 1),
    "noise_2px": lambda f, r: noisy(f, r, 2),
    "noise_4px": lambda f, r: noisy(f, r, 4),
    "drops_2": lambda f, r: dropped(f, r, 0.02),
    "drops_10": lambda f, r: dropped(f, r, 0.10),
    "holes_5": lambda f, r: holes(f, r, 0.05),
    "swaps_10": lambda f, r: swapped(f, r, 0.10),
    "all_mild": lambda f, r: swapped(dropped(noisy(f, r, 2), r, 0.02), r, 0.05),
}


def variant(frames, name, seed):
    return VARIANTS[name](frames, random.Random(f"{name}/{seed}"))


def nobody_walks(rng, kind, frame, count, width, height):
    """What must not yield a single event: a still picture, somebody who stands, noise."""
    if kind == "still":
        return [frame] * count
    if kind == "standing":
        return noisy([frame] * count, rng, 2)
    if kind == "noise":
        return [[(rng.uniform(0, width), rng.uniform(0, height), 1.0) for _ in frame] for _ in range(count)]
    out, at = [], list(frame)  # "drift": every point on a random walk of its own
    for _ in range(count):
        at = [(x + rng.gauss(0, 3), y + rng.gauss(0, 3), c) for x, y, c in at]
        out.append(at)
    return out


NOBODY = ("still", "standing", "noise", "drift")
