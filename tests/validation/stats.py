"""Agreement of measured with true values, and the marks that it is held against."""

import math
import statistics


class Quantity:
    """One row of a table. @mark bounds the mean absolute error (of a curve: the mean RMS); None: no mark.
    @mocap is the mark on projected motion capture where it differs; @published stands beside, with its source."""

    def __init__(self, name, unit, mark=None, mocap=None, published=None, decimals=3):
        self.name, self.unit, self.mark, self.mocap = name, unit, mark, mocap
        self.published, self.decimals = published, decimals


STENUM = "Stenum 2021"
QUANTITIES = [
    Quantity("cadence", "%", 1, decimals=2),
    Quantity("step_time", "s", 0.02, published="0.02", decimals=4),
    Quantity("stride_time", "s", 0.02, published="0.02", decimals=4),
    Quantity("stance", "%", decimals=2),
    Quantity("swing", "%", decimals=2),
    Quantity("double_support", "%", decimals=2),
    Quantity("step_length", "m", 0.03, published="0.049", decimals=4),
    Quantity("stride_length", "m", decimals=4),
    Quantity("speed", "m/s", 0.04, decimals=4),
    Quantity("step_width", "m", decimals=4),
    Quantity("heel_strike", "ms", 25, mocap=15, published="20", decimals=1),
    Quantity("toe_off", "ms", 30, published="20", decimals=1),
    Quantity("heel_strike_front", "ms", decimals=1),
    Quantity("hip_rms", "degrees", 4, published="4.0", decimals=2),
    Quantity("hip_rms_unbiased", "degrees", decimals=2),
    Quantity("knee_rms", "degrees", 4, published="5.6", decimals=2),
    Quantity("knee_rms_unbiased", "degrees", mocap=2, decimals=2),
    Quantity("ankle_rms", "degrees", 5, published="7.4", decimals=2),
    Quantity("ankle_rms_unbiased", "degrees", decimals=2),
    Quantity("hip_range", "degrees", decimals=2),
    Quantity("knee_range", "degrees", decimals=2),
    Quantity("ankle_range", "degrees", decimals=2),
    Quantity("trunk_lean", "degrees", decimals=2),
    Quantity("trunk_sway", "degrees", decimals=2),
    Quantity("pelvic_obliquity", "degrees", decimals=2),
    Quantity("arm_swing", "degrees", decimals=2),
    Quantity("foot_progression", "degrees", decimals=2),
    Quantity("contact_angle", "degrees", decimals=2),
    Quantity("contact_wrong", "% of strikes", decimals=1),
    Quantity("toe_walking_index", "%", decimals=1),
]
BY_NAME = {q.name: q for q in QUANTITIES}


EVENTS = ("heel_strike", "toe_off", "heel_strike_front")
WITHIN = 0.95  # of the events are to lie within the mark


class Agreement:
    """Bias, spread, mean absolute error and 95 % limits of agreement (Bland & Altman 1986) of @errors."""

    def __init__(self, errors):
        self.n, self.errors = len(errors), errors
        self.bias = statistics.fmean(errors) if errors else math.nan
        self.sd = statistics.stdev(errors) if self.n > 1 else math.nan
        self.mae = statistics.fmean(abs(e) for e in errors) if errors else math.nan
        self.low, self.high = self.bias - 1.96 * self.sd, self.bias + 1.96 * self.sd

    def within(self, mark):
        """Share of the errors that lie within @mark."""
        return sum(abs(e) <= mark for e in self.errors) / self.n if self.n else math.nan


def rms(values):
    return math.sqrt(statistics.fmean(v * v for v in values))


def judge(quantity, agreement, mocap=False):
    """PASS or SHORT against the mark of the source; "-" where there is none or nothing was measured. Of events 95 %
    are to lie within the mark; of all else the mean absolute error is. The marks of mocap that are not given are those
    of video."""
    mark = quantity.mocap if mocap and quantity.mocap is not None else quantity.mark
    if mark is None or not agreement.n:
        return "-", mark
    good = agreement.within(mark) >= WITHIN if quantity.name in EVENTS else agreement.mae <= mark
    return ("PASS" if good else "SHORT"), mark
