"""A result against the truth of one walk: errors by quantity, measured minus true."""

import statistics

from stats import rms

SIDES = ("left", "right")
MATCH_S = 0.15  # an event further from every true one was invented
EDGE_S = 0.35  # at a video's ends an event need not be seen
JOINTS = ("hip", "knee", "ankle")
SIDED = {"step_time": "step_time_s", "step_length": "step_length_m", "stance": "stance_percent"}
WHOLE = {"speed": "speed_m_per_s", "step_width": "step_width_m", "double_support": "double_support_percent"}


class Comparison:
    """@errors: quantity -> list of (error, measured, true, label). @missed, @invented: events by kind."""

    def __init__(self):
        self.errors, self.missed, self.invented, self.absent = {}, {}, {}, []
        self.curves = []  # (joint, error at each per cent of the cycle)

    def add(self, quantity, measured, true, label=""):
        if measured is None:
            self.absent.append(f"{quantity} {label}".strip())
        else:
            self.errors.setdefault(quantity, []).append((measured - true, measured, true, label))

    def count(self, where, kind, n):
        where[kind] = where.get(kind, 0) + n


def value(result, name, side=None):
    # A quantity that this version does not measure at all is as one that it could not measure here.
    entry = result["parameters"].get(name) or {}
    return (entry.get(side) or {} if side else entry).get("value")


def events(result, view, foot, kind):
    return [e["time_s"] for e in result["events"] if (e["view"], e["foot"], e["kind"]) == (view, foot, kind)]


def match_events(comparison, name, found, true, end_s, foot):
    """Pair each true event with the nearest found one, nearest pairs first."""
    pairs = sorted((abs(f - t), i, j) for i, f in enumerate(found) for j, t in enumerate(true) if abs(f - t) <= MATCH_S)
    used_found, used_true = set(), set()
    for _, i, j in pairs:
        if i not in used_found and j not in used_true:
            used_found.add(i)
            used_true.add(j)
            comparison.add(name, 1000 * found[i], 1000 * true[j], foot)
    comparison.count(comparison.missed, name, sum(j not in used_true and EDGE_S <= t <= end_s - EDGE_S
                                                  for j, t in enumerate(true)))
    # Before the first and after the last frame the truth has no events; what lies there is not judged.
    comparison.count(comparison.invented, name, sum(i not in used_found and MATCH_S <= f <= end_s - MATCH_S
                                                    for i, f in enumerate(found)))


def compare_curves(comparison, result, true_of):
    for curve in result["curves"]:
        true = true_of(curve["side"], curve["joint"]) if curve["joint"] in JOINTS else None
        if true is None:
            continue
        off = [m - t for m, t in zip(curve["mean"], true) if m is not None]
        bias = statistics.fmean(off)
        if len(off) == len(true):
            comparison.curves.append((curve["joint"], off))
        name, side = curve["joint"], curve["side"]
        comparison.add(f"{name}_rms", rms(off), 0, side)
        comparison.add(f"{name}_rms_unbiased", rms([o - bias for o in off]), 0, side)
        comparison.add(f"{name}_bias", bias, 0, side)
        comparison.add(f"{name}_range", value(result, f"{name}_range", side), max(true) - min(true), side)


def spread(values):
    return max(values) - min(values)


def compare_posture(c, result, truth):
    """Ranges over a cycle against the range in the video, which lasts for more than one."""
    posture, contact = truth["frame_posture_deg"], truth["contact"]
    c.add("trunk_lean", value(result, "trunk_lean"), statistics.fmean(posture["trunk_lean"]))
    c.add("trunk_sway", value(result, "trunk_sway"), spread(posture["trunk_sway"]))
    c.add("pelvic_obliquity", value(result, "pelvic_obliquity"), spread(posture["pelvis_obliquity"]))
    for side in SIDES:
        c.add("arm_swing", value(result, "arm_swing", side), spread(posture[f"arm_{side}"]), side)
        c.add("foot_progression", value(result, "foot_progression", side), truth["foot_progression_deg"][side], side)
        c.add("contact_angle", value(result, "contact_angle", side), truth["foot_pitch_at_contact_deg"][side], side)
        c.add("toe_walking_index", value(result, "toe_walking_index", side), 100 * (contact == "toe"), side)
    for event in result["events"]:
        if event.get("contact"):
            c.add("contact_wrong", 100 * (event["contact"] != contact), 0, event["contact"])


def with_truth(result, truth):
    """The walker's truth.json."""
    c = Comparison()
    cadence = value(result, "cadence")
    c.add("cadence", cadence and 100 * cadence / truth["cadence_steps_per_min"], 100)
    for name, member in WHOLE.items():
        c.add(name, value(result, name), truth[member])
    for side in SIDES:
        for name, member in SIDED.items():
            c.add(name, value(result, name, side), truth[member][side], side)
        c.add("swing", value(result, "swing", side), 100 - truth["stance_percent"][side], side)
        c.add("stride_time", value(result, "stride_time", side), truth["stride_time_s"], side)
        c.add("stride_length", value(result, "stride_length", side), truth["stride_length_m"], side)
        end_s = truth["frames"] / truth["fps"]
        true = truth["events_s"][side]
        match_events(c, "heel_strike", events(result, "side", side, "heel_strike"), true["heel_strike"], end_s, side)
        match_events(c, "toe_off", events(result, "side", side, "toe_off"), true["toe_off"], end_s, side)
        match_events(c, "heel_strike_front", events(result, "front", side, "heel_strike"), true["heel_strike"], end_s, side)
    compare_curves(c, result, lambda side, joint: truth["angles_deg"][side].get(joint))
    compare_posture(c, result, truth)
    return c
