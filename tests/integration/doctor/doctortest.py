"""What doctor's tests share: a report judged as a whole, so that one broken part accuses no other."""

import json
import unittest

PARTS = ["settings", "data", "gaitd", "store", "cluster", "mail"]


class Report:
    """One run of `gaitctl doctor`, as JSON and as text."""

    def __init__(self, d, *args, settings=None):
        done = d.ctl_run("--json", "doctor", *args, settings=settings)
        self.code, self.stderr = done.returncode, done.stderr
        self.json = json.loads(done.stdout)
        self.steps = self.json["steps"]

    def bad(self, part=None):
        return [s for s in self.steps if s["outcome"] == "bad" and part in (None, s["part"])]

    def bad_parts(self):
        return [p for p, what in self.json["parts"].items() if not what["ok"]]

    def step(self, part, name):
        return next(s for s in self.steps if (s["part"], s["step"]) == (part, name))

    def __str__(self):
        return "\n".join(f"{s['part']:9} {s['step']:24} {s['outcome']:7} {s['text']} [{s['settings']}] {s['todo']}"
                         for s in self.steps) + f"\n{self.stderr}"


class DoctorTest(unittest.TestCase):
    """Subclasses have self.d, a gaitd that runs, and are content with everything as it stands."""

    def content(self, *args, settings=None):
        report = Report(self.d, *args, settings=settings)
        self.assertEqual((report.code, report.bad()), (0, []), f"\n{report}")
        self.assertTrue(report.json["ok"])
        return report

    def finds(self, part, setting, *words, also=(), args=(), settings=None):
        """Only @part (and its line among the settings, and the parts @also) is BAD; the first line to mend names
        @setting and says what to do; @words stand in what the part says."""
        report = Report(self.d, *args, settings=settings)
        self.assertIn(report.code, (69, 78), f"\n{report}")
        self.assertEqual(set(report.bad_parts()) - {"settings", *also}, {part} - {"settings", *also}, f"\n{report}")
        first = report.json["first"]
        self.assertIn(setting, first["settings"].split(", "), f"\n{report}")
        self.assertTrue(first["todo"], f"nothing to do is said:\n{report}")
        said = " ".join(s["text"] + " " + s["todo"] for s in report.bad())
        for word in words:
            self.assertIn(word, said, f"\n{report}")
        return report
