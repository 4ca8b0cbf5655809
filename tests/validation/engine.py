"""How far the engine's key points lie from the true ones, so that an error can be traced to its point."""

import math
import statistics

import keys

NAMES = {0: "nose", 1: "neck", 8: "mid_hip", 9: "hip_r", 12: "hip_l", 10: "knee_r", 13: "knee_l", 11: "ankle_r",
         14: "ankle_l", 22: "toe_r", 19: "toe_l", 24: "heel_r", 21: "heel_l", 2: "shoulder_r", 5: "shoulder_l",
         4: "wrist_r", 7: "wrist_l", 15: "eye_r", 16: "eye_l"}


def offsets(truth, points):
    """view -> point -> offset of each frame where both are known: (forward or to the walker's left, up) in
    centimetres at the walker's depth, signed by the walking direction in the side view. Exchanged legs are put
    right first."""
    out = {}
    for view, about in truth["views"].items():
        sign = -1 if about["direction"] in ("left", "toward") else 1
        out[view] = {name: [] for name in NAMES.values()}
        truths = keys.of_truth(truth, view)
        frames, _ = keys.unswapped(keys.read(points[view]), truths)
        for depth, true, found in zip(about["depth_m"], truths, frames):
            cm = 100 * depth / about["focal_px"]
            for i, name in NAMES.items():
                if found and found[i][2] > 0.3:
                    out[view][name].append((sign * cm * (found[i][0] - true[i][0]), -cm * (found[i][1] - true[i][1])))
    return out


def summary(series):
    """Mean forward and up, their spread and the frames that are more than 10 cm away; None without any."""
    if len(series) < 2:
        return None
    forward, up = zip(*series)
    return {"n": len(series), "forward": statistics.fmean(forward), "forward_sd": statistics.stdev(forward),
            "up": statistics.fmean(up), "up_sd": statistics.stdev(up),
            "far": sum(math.hypot(f, u) > 10 for f, u in series)}
