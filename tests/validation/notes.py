"""What stands in the way of a mark that is not reached: shown beside the row where it falls short."""

VIDEO = {
    "knee_rms": "engine: its knee lies 2 to 5 % of the leg behind the true one in early swing; with true knees 2.5",
    "hip_rms": "engine: its knee and hip points; with true knees 2.5",
    "ankle_rms": "engine: heel and toe of toe walkers 4 degrees too flat; with true heel and toe 2.4",
    "cadence": "engine: runs of misplaced or exchanged legs",
    "toe_off": "engine: the toe's point is unsteady at push-off",
}
POINTS = {
    "heel_strike": "method: the instant at which the heel slows down is sensitive to noise",
}
MOCAP = {}


def note(source, quantity):
    notes = VIDEO if source.startswith("video") else MOCAP if source.startswith("mocap") else POINTS
    return notes.get(quantity, "not known yet")
