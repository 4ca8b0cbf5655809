"""What stands in the way of a mark that is not reached: shown beside the row where it falls short."""

VIDEO = {
    "toe_off": "method: the toe's rearmost point comes after it leaves the floor, the later the slower the walk",
    "knee_rms": "engine: its knee point moves along the leg with flexion; with true knees 2.5",
    "ankle_rms": "engine: its toe and heel follow the foot's roll only in part; with both true 3.8",
    "cadence": "engine: runs of misplaced or exchanged legs",
}
POINTS = {
    "toe_off": VIDEO["toe_off"],
}
MOCAP = {}


def note(source, quantity):
    notes = VIDEO if source == "video" else MOCAP if source.startswith("mocap") else POINTS
    return notes.get(quantity, "not known yet")
