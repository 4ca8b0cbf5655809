"""The grid of walks: one thing at a time is varied from a middle, then some corners where several meet.

A full product would be thousands of videos; what varies alone tells which condition an error comes from. Each
cell has a seed of its own (clothes, skin, wall, film grain), so that no colour decides the table. Order: what
says most comes first, so that an unfinished run is already worth reading."""

MIDDLE = {"height": "172cm", "cadence": 104, "step": 0.62, "fps": 30, "size": "960x540", "duration": 5}
# Through gait-pose's heavy model too, which takes four times as long.
HEAVY = ("middle", "child_4", "toddler_2", "cadence_80", "cadence_140", "left_away", "asym_length", "toe_child_4")
QUICK = ("middle", "child_4", "cadence_140", "left_away")


def cell(name, **options):
    """A cell's options for the walker; None takes one of the middle's away."""
    merged = {**MIDDLE, "seed": 1, **options}
    return name, {k: v for k, v in merged.items() if v is not None}


def child(name, age, **options):
    """Height, step and cadence follow from the age, by the walker's own table."""
    return cell(name, age=age, **{"height": None, "step": None, "cadence": None, **options})


STANDING = {"height": "130cm", "age": 8, "stand": True, "duration": 4, "fps": 30, "size": "854x480", "seed": 60}

VIDEO = dict([
    cell("middle"),
    child("child_4", 4, seed=11),
    cell("cadence_140", cadence=140, step=0.70, seed=12),
    cell("left_away", **{"direction": "left", "front-direction": "away", "seed": 13}),
    cell("middle_seed3", seed=3),
    cell("cadence_80", cadence=80, step=0.50, duration=6.5, seed=14),
    child("toddler_2", 2, seed=15),
    cell("size_720p", size="1280x720", seed=16),
    cell("fps_60", fps=60, duration=4, seed=17),
    cell("asym_length", asymmetry=0.2, seed=18),
    cell("toe_adult", contact="toe", seed=44),
    child("toe_child_4", 4, contact="toe", seed=45),
    child("toe_toddler_2", 2, contact="toe", width=0.10, seed=46),
    child("flat_child_3", 3, contact="flat", seed=47),
    child("flat_toddler_1.5_wide", 1.5, contact="flat", width=0.10, **{"arm-swing": 0.3, "seed": 48}),
    child("posture_child_10", 10, **{"trunk-lean": 15, "trunk-sway": 8, "pelvis-drop": 8, "arm-swing": 0.3,
                                     "toe-out": 20, "seed": 49}),
    cell("toe_in", **{"toe-out": -10, "arm-swing": 1.4, "seed": 50}),
    child("child_7", 7, seed=19),
    cell("cadence_60", cadence=60, step=0.45, duration=7, seed=20),
    cell("cadence_120", cadence=120, step=0.70, seed=21),
    cell("cadence_160", cadence=160, step=0.60, duration=4, seed=22),
    cell("left", direction="left", seed=23),
    cell("away", **{"front-direction": "away", "seed": 24}),
    child("child_3", 3, seed=25),
    child("child_10", 10, seed=26),
    child("toddler_1.5", 1.5, seed=27),
    cell("height_150", height="150cm", step=0.54, seed=28),
    cell("height_190", height="190cm", step=0.70, seed=29),
    cell("asym_time", **{"asymmetry-time": 0.15, "seed": 30}),
    cell("asym_both_knee", **{"asymmetry": -0.15, "asymmetry-time": 0.1, "knee-left": 0.6, "seed": 31}),
    cell("width_narrow", width=0.04, seed=32),
    cell("width_wide", width=0.20, seed=33),
    cell("fps_24", fps=24, seed=34),
    cell("fps_25", fps=25, seed=35),
    cell("fps_50", fps=50, duration=4, seed=36),
    cell("fps_120", fps=120, duration=3, size="854x480", seed=37),
    cell("size_480p", size="854x480", seed=38),
    cell("size_1080p", size="1920x1080", duration=3, seed=39),
    cell("middle_seed5", seed=5),
    child("corner_child_4_480p_24fps_left_away", 4,
          **{"size": "854x480", "fps": 24, "direction": "left", "front-direction": "away", "seed": 40}),
    child("corner_toddler_2_480p_60fps_left", 2, size="854x480", fps=60, duration=3.5, direction="left", seed=41),
    cell("corner_tall_fast_60fps_away", height="190cm", cadence=130, step=0.80, fps=60, duration=3.5,
         **{"front-direction": "away", "seed": 42}),
    cell("corner_short_slow_wide_asym", height="150cm", cadence=70, step=0.40, width=0.18, asymmetry=0.2,
         duration=7, seed=43),
])
