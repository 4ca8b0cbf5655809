"""Where walks with a known truth come from. Each yields (label, Comparison) pairs; all are measured alike."""

import json
import random
import tempfile

import cells
import keys
import programs
from compare import Comparison, compare_curves, events, match_events, value, with_truth

# Real videos, and what independent tools say of them (cadence, speed, step length): see docs/gait-methods.md.
VIDEOS = {
    "sports2d_demo.mp4": ("side", 1.65, {"cadence": 97.5, "speed": 1.24, "step_length": 0.76}),
    "running_side.mp4": ("side", None, {"cadence": 168.9}),
    "pose2sim_cam02.mp4": ("front", None, {"cadence": None}),
}


def make_cell(name):
    """Render and pose one cell; quick where that was done before. For the pool of processes."""
    folder = programs.rendered(cells.VIDEO[name])
    views = ("side", "front")
    heavy = {view: programs.posed(folder / f"{view}.mp4", "heavy") for view in views} if name in cells.HEAVY else None
    return name, folder, {view: programs.posed(folder / f"{view}.mp4") for view in views}, heavy


def video_cell(folder, points):
    truth = programs.read_truth(folder)
    age = truth["age_years"] if truth["age_years"] < 20 else None
    result = programs.analyzed(points["front"], points["side"], truth["height_m"], age)
    return with_truth(result, truth), result, truth


def analyzed_frames(frames, truth, height=None, age=None, layout="body_25"):
    """gait-analyze on key points in memory: @frames by view, @truth for the rate and the pictures' size."""
    with tempfile.TemporaryDirectory() as folder:
        dirs = {}
        for view, list_ in frames.items():
            dirs[view] = f"{folder}/{view}.json"
            keys.write(dirs[view], list_, truth["fps"], truth["width"], truth["height"], layout)
        return programs.analyzed(dirs.get("front"), dirs.get("side"), height, age)


def points_cell(truth, variant, seed, layout="body_25"):
    frames = {v: keys.variant(keys.of_truth(truth, v), variant, f"{v}/{seed}") for v in truth["views"]}
    age = truth["age_years"] if truth["age_years"] < 20 else None
    return with_truth(analyzed_frames(frames, truth, truth["height_m"], age, layout), truth)


def replaced_cell(truth, points, kinds):
    """The engine's points with some of them put right, and no leg exchanged: which point does an error come from?"""
    frames = {}
    for view in ("side", "front"):
        true = keys.of_truth(truth, view)
        found, _ = keys.unswapped(keys.read(points[view]), true)
        frames[view] = [f and [t[i] if i in kinds else p for i, p in enumerate(f)] for f, t in zip(found, true)]
    truth = {**truth, "frames": min(len(f) for f in frames.values())}
    age = truth["age_years"] if truth["age_years"] < 20 else None
    return with_truth(analyzed_frames(frames, truth, truth["height_m"], age), truth)


def nobody(truth):
    """kind -> number of events where nobody walks; each must be 0."""
    out = {}
    for kind in keys.NOBODY:
        frames = {}
        for view in truth["views"]:
            first = keys.of_truth(truth, view)[0]
            rng = random.Random(f"{kind}/{view}")
            frames[view] = keys.nobody_walks(rng, kind, first, 240, truth["width"], truth["height"])
        out[kind] = len(analyzed_frames(frames, truth, truth["height_m"])["events"])
    return out


def standing_video():
    """Events in the videos of a figure that stands, through the engine."""
    folder = programs.rendered(cells.STANDING)
    points = {view: programs.posed(folder / f"{view}.mp4") for view in ("side", "front")}
    return len(programs.analyzed(points["front"], points["side"], 1.3, 8)["events"])


# ---- projected motion capture ----

def mocap_there():
    return (programs.SHARED / "keypoints/rajagopal_truth.json").is_file()


def mocap_cell(fps, variant, seed):
    """Rajagopal 2016: overground walk with force plates, markers through two virtual cameras."""
    base = programs.SHARED / "keypoints"
    truth = json.loads((base / "rajagopal_truth.json").read_text())
    frames = {v: keys.variant(keys.read(base / f"rajagopal_{v}_{fps}fps"), variant, f"{v}/{seed}")
              for v in ("side", "front")}
    meta = {"fps": fps, "width": 1920, "height": 1080}
    result = analyzed_frames(frames, meta, 1.70)  # the files do not say how tall: the model's own height
    c = mocap_compare(result, truth, len(frames["side"]) / fps)
    compare_curves(c, result, lambda side, joint: mocap_knee(truth) if (side, joint) == ("right", "knee") else None)
    return c


def mocap_knee(truth):
    """The right knee's 101 points between its two strikes on the plates, from the markers themselves at 100 frames a
    second: unfiltered, without noise. So what is compared is all that is done to key points, not the projection."""
    clean = keys.read(programs.SHARED / "keypoints/rajagopal_side_100fps")
    start, end = truth["heel_strike_right_s"]
    out = []
    for i in range(101):
        at = 100 * (start + (end - start) * i / 100)
        before, part = int(at), at - int(at)
        a, b = (keys.knee_deg(clean[k], 9, 10, 11, 1) for k in (before, before + 1))
        out.append(a + part * (b - a))
    return out


def mocap_compare(result, truth, end_s):
    c = Comparison()
    cadence = value(result, "cadence")
    c.add("cadence", cadence and 100 * cadence / truth["cadence_steps_per_min"], 100)
    c.add("speed", value(result, "speed"), truth["speed_pelvis_m_s"])
    c.add("stance", value(result, "stance", "right"), truth["stance_right_pct"], "right")
    c.add("stride_time", value(result, "stride_time", "right"), truth["stride_time_s"], "right")
    c.add("stride_length", value(result, "stride_length", "right"), truth["stride_length_m"], "right")
    widths = truth["heel_z_distance_at_contact_m"]
    c.add("step_width", value(result, "step_width"), sum(widths) / len(widths))
    for side in ("left", "right"):
        c.add("step_time", value(result, "step_time", side), truth[f"step_time_{side}_s"], side)
        c.add("step_length", value(result, "step_length", side), truth[f"step_length_{side}_m"], side)
        for kind in ("heel_strike", "toe_off"):
            # The plates see fewer steps than the cameras: an event outside them is not an invented one.
            true = truth[f"{kind}_{side}_s"]
            found = events(result, "side", side, kind)
            near = [f for f in found if min(abs(f - t) for t in true) < 0.3]
            match_events(c, kind, near, true, end_s, side)
    return c


# ---- real videos ----

def real_videos():
    """Yield (file, quantity, measured, reference); measured is None where the result has no value."""
    for name, (view, height, reference) in VIDEOS.items():
        path = programs.SHARED / "video" / name
        if not path.is_file():
            continue
        key = programs.sha("real", programs.program_sum("gait-pose"), name, path.stat().st_size)
        points = programs.made("pose", key, lambda d, p=path: programs.run(
            [*programs.NICE, programs.BIN / "gait-pose", "--input", p, "--write_json", d, "--weights", programs.WEIGHTS]))
        result = programs.analyzed(**{view: points, "height": height})
        for quantity, true in reference.items():
            if quantity == "step_length":
                both = [value(result, quantity, s) for s in ("left", "right")]
                yield name, quantity, None if None in both else sum(both) / 2, true
            else:
                yield name, quantity, value(result, quantity), true
