"""The tables: tab-separated in build/validation, text on the terminal, Markdown in docs/validation.md."""

import statistics

import engine
import programs
from notes import note
from stats import BY_NAME, EVENTS, QUANTITIES, Agreement, judge

CELL_COLUMNS = ("cadence", "step_time", "stance", "double_support", "step_length", "speed", "step_width", "heel_strike",
                "toe_off", "heel_strike_front", "hip_rms", "hip_rms_unbiased", "knee_rms", "knee_rms_unbiased",
                "ankle_rms", "ankle_rms_unbiased", "hip_range", "knee_range", "ankle_range", "trunk_lean", "trunk_sway",
                "pelvic_obliquity", "arm_swing", "foot_progression", "contact_angle", "contact_wrong",
                "toe_walking_index")


class Book:
    """Everything measured: source -> cell -> Comparison."""

    def __init__(self):
        self.cells, self.engine, self.nobody, self.real, self.flags = {}, {}, {}, [], {}

    def add(self, source, cell, comparison, result=None):
        self.cells.setdefault(source, {})[cell] = comparison
        if result:
            self.flags[cell] = {v: q["flags"] for v, q in result["quality"].items() if q and "flags" in q}

    def errors(self, source, quantity):
        return [e[0] for c in self.cells[source].values() for e in c.errors.get(quantity, [])]

    def agreement(self, source, quantity):
        return Agreement(self.errors(source, quantity))

    def events(self, source, kind):
        """Missed and invented events of a source."""
        all_ = self.cells[source].values()
        return sum(c.missed.get(kind, 0) for c in all_), sum(c.invented.get(kind, 0) for c in all_)


def save(name, rows):
    lines = ["\t".join("" if v is None else f"{v:.4f}" if isinstance(v, float) else str(v) for v in r) for r in rows]
    (programs.WORK / name).write_text("\n".join(lines) + "\n")


def write_cells(book):
    """A line a cell: the mean error of each quantity, missed and invented events, flags."""
    rows = [["source", "cell", *CELL_COLUMNS, "hs_missed", "hs_invented", "to_missed", "to_invented", "absent", "flags"]]
    for source, by_cell in book.cells.items():
        for name, c in by_cell.items():
            means = [statistics.fmean(e[0] for e in c.errors[q]) if c.errors.get(q) else None for q in CELL_COLUMNS]
            rows.append([source, name, *means, c.missed.get("heel_strike", 0), c.invented.get("heel_strike", 0),
                         c.missed.get("toe_off", 0), c.invented.get("toe_off", 0), "; ".join(c.absent),
                         book.flags.get(name, "") if source == "video" else ""])
    save("cells.tsv", rows)


def summary_rows(book):
    for source in book.cells:
        for q in QUANTITIES:
            a = book.agreement(source, q.name)
            verdict, mark = judge(q, a, source.startswith("mocap"))
            missed, invented = book.events(source, q.name)
            within = 100 * a.within(mark) if a.n and mark and q.name in EVENTS else None
            if a.n:
                yield [source, q.name, q.unit, a.n, a.bias, a.sd, a.mae, a.low, a.high, missed, invented, within, mark,
                       q.published, verdict]


def write_all(book):
    write_cells(book)
    save("samples.tsv", [["source", "cell", "quantity", "label", "error", "measured", "true"]] +
         [[s, n, q, e[3], float(e[0]), float(e[1]), float(e[2])] for s, by in book.cells.items() for n, c in by.items()
          for q, list_ in c.errors.items() for e in list_])
    save("summary.tsv", [["source", "quantity", "unit", "n", "bias", "sd", "mae", "loa_low", "loa_high", "missed",
                          "invented", "within_percent", "mark", "published", "verdict"]] + list(summary_rows(book)))
    rows = [["view", "cell", "point", "n", "forward_cm", "forward_sd", "up_cm", "up_sd", "over_10_cm"]]
    for view in ("side", "front"):
        for cell, views in [*book.engine.items(), ("ALL", pooled(book))]:
            for point, series in views.get(view, {}).items():
                s = engine.summary(series)
                if s:
                    rows.append([view, cell, point, s["n"], s["forward"], s["forward_sd"], s["up"], s["up_sd"], s["far"]])
    save("engine.tsv", rows)
    save("curves.tsv", [["source", "joint", "n", *range(0, 101, 5)]] + list(curve_rows(book)))
    save("nobody.tsv", [["kind", "events"]] + [list(x) for x in book.nobody.items()])
    save("real.tsv", [["file", "quantity", "measured", "reference"]] + [list(r) for r in book.real])


def curve_rows(book):
    """The mean error of each joint's curve at each twentieth of the cycle: where in the cycle does it go wrong?"""
    for source, by_cell in book.cells.items():
        by_joint = {}
        for c in by_cell.values():
            for joint, off in c.curves:
                by_joint.setdefault(joint, []).append(off)
        for joint, all_ in by_joint.items():
            yield [source, joint, len(all_), *(statistics.fmean(off[i] for off in all_) for i in range(0, 101, 5))]


def pooled(book):
    out = {}
    for views in book.engine.values():
        for view, points in views.items():
            for point, series in points.items():
                out.setdefault(view, {}).setdefault(point, []).extend(series)
    return out


def number(value, decimals):
    return "-" if value is None or value != value else f"{value:.{decimals}f}"


def table(book, source):
    """Rows of texts, the head first."""
    out = [["quantity", "n", "bias", "SD", "mean absolute", "95 % limits of agreement", "missed, invented", "within", "mark",
            "published", ""]]
    for _, name, unit, n, bias, sd, mae, low, high, missed, invented, within, mark, published, verdict in (
            r for r in summary_rows(book) if r[0] == source):
        d = BY_NAME[name].decimals
        out.append([f"{name} ({unit})", str(n), number(bias, d), number(sd, d), number(mae, d),
                    f"{number(low, d)} … {number(high, d)}", f"{missed}, {invented}" if name in EVENTS else "",
                    f"{within:.0f} %" if within is not None else "",
                    f"≤ {mark:g}" if mark is not None else "", published or "", "" if verdict == "-" else verdict if verdict == "PASS" else f"SHORT: {note(source, name)}"])
    return out


def aligned(rows):
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(v.ljust(w) if i == 0 else v.rjust(w) for i, (v, w) in enumerate(zip(r, widths)))
                     for r in rows)


TITLES = {"video": "Rendered walks through gait-pose", "video_heavy": "Some of them through gait-pose's heavy model",
          "points": "The same walks, their own points (no engine)"}
VARIANT_COLUMNS = ("cadence", "step_time", "step_length", "speed", "heel_strike", "toe_off", "hip_rms", "knee_rms", "ankle_rms")
REPLACED_COLUMNS = ("heel_strike", "toe_off", "hip_rms", "knee_rms", "knee_rms_unbiased", "ankle_rms", "ankle_rms_unbiased",
                    "knee_range", "ankle_range")


def compact(book, prefix, columns):
    """One line a source whose name begins with @prefix: the mean absolute errors."""
    rows = [[prefix.rstrip("_"), *(f"{BY_NAME[c].name} ({BY_NAME[c].unit})" for c in columns), "events missed, invented"]]
    for source in book.cells:
        if source.startswith(prefix):
            maes = [number(book.agreement(source, c).mae, BY_NAME[c].decimals) for c in columns]
            missed, invented = (sum(x) for x in zip(*(book.events(source, k) for k in ("heel_strike", "toe_off"))))
            rows.append([source[len(prefix):], *maes, f"{missed}, {invented}"])
    return rows


def engine_rows(book):
    rows = [["point", "side: forward", "SD", "up", "SD", "front: to the left", "SD", "up", "SD"]]
    both = pooled(book)
    for point in both.get("side", {}):
        line = [point]
        for view in ("side", "front"):
            s = engine.summary(both[view][point]) or {}
            line += [number(s.get(k), 1) for k in ("forward", "forward_sd", "up", "up_sd")]
        rows.append(line)
    return rows


def sections(book):
    """(heading, rows) of everything, as the terminal and the page show it."""
    for source, title in TITLES.items():
        if source in book.cells:
            yield f"{title}: {len(book.cells[source])} walks", table(book, source)
    if any(s.startswith("points_") for s in book.cells):
        yield "The walks' own points, disturbed: mean absolute errors", compact(book, "points_", VARIANT_COLUMNS)
        yield "Through gait-pose, some points put right: mean absolute errors", compact(book, "replaced_", REPLACED_COLUMNS)
    for source in ("mocap_100_clean", "mocap_30_clean"):
        if source in book.cells:
            yield f"Projected motion capture with force plates, {source.split('_')[1]} frames/s", table(book, source)
    if any(s.startswith("mocap") for s in book.cells):
        columns = [c for c in VARIANT_COLUMNS if not c.endswith("rms")] + ["knee_rms_unbiased"]
        yield "The same, disturbed: mean absolute errors", compact(book, "mocap_", columns)
    if book.engine:
        yield "Where gait-pose's points lie against the true ones, cm", engine_rows(book)
    if book.nobody:
        yield "Events where nobody walks", [list(book.nobody), [str(n) for n in book.nobody.values()]]
    if book.real:
        yield "Real videos", [["file", "quantity", "measured", "reference"]] + [
            [f, q, number(m, 3), number(t, 3)] for f, q, m, t in book.real]


def text(book):
    return "\n\n".join(f"{title}\n{aligned(rows)}" for title, rows in sections(book))


def markdown(book):
    out = []
    for title, rows in sections(book):
        lines = ["| " + " | ".join(r) + " |" for r in rows]
        lines.insert(1, "| " + " | ".join(["---"] + ["---:"] * (len(rows[0]) - 1)) + " |")
        out.append(f"### {title}\n" + "\n".join(lines))
    return "\n\n".join(out)


BEGIN, END = "<!-- scripts/validate --write renews from here -->", "<!-- to here -->"


def write_doc(book):
    page = programs.SOURCE / "docs/validation.md"
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{markdown(book)}\n{END}{after}")
