"""Rows of scripts/bench: a figure, its mark, and whether it is met."""

import statistics

ROWS = {}


def row(name):
    """Register a group of rows: a function that yields Row."""
    def put(function):
        ROWS[name] = function
        return function
    return put


class Row:
    """@figure against @mark: @op is ">=" or "<="; None where there is no mark. @note says what was seen."""

    def __init__(self, name, figure, unit, op=None, mark=None, note="", samples=None):
        self.name, self.figure, self.unit, self.op, self.mark, self.note = name, figure, unit, op, mark, note
        self.samples = samples or []

    @property
    def verdict(self):
        if self.mark is None:
            return "-"
        return "met" if (self.figure >= self.mark if self.op == ">=" else self.figure <= self.mark) else "short"

    @staticmethod
    def number(value):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

    def texts(self):
        sign = {">=": "≥", "<=": "≤"}.get(self.op, "")
        mark = f"{sign} {self.number(self.mark)}" if self.mark is not None else "-"
        return self.name, f"{self.number(self.figure)} {self.unit}", mark, self.verdict, self.note

    def line(self):
        name, figure, mark, verdict, note = self.texts()
        return f"{name:<34} {figure:>22}  {mark:>9}  {verdict:<6} {note}"

    def json(self):
        return {"name": self.name, "figure": self.figure, "unit": self.unit, "op": self.op, "mark": self.mark,
                "verdict": self.verdict, "note": self.note, "samples": self.samples}


def alternate(rounds, **runs):
    """Run each of @runs once a round, in turning order, and return the lists of what they said by name."""
    out = {name: [] for name in runs}
    for i in range(rounds):
        names = list(runs) if i % 2 == 0 else list(reversed(runs))
        for name in names:
            out[name].append(runs[name]())
    return out


def ratios(a, b):
    """One a round, so that what disturbs a round disturbs both."""
    return [x / y for x, y in zip(a, b)]


median = statistics.median
