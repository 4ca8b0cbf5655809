"""The table of walks that the demonstration model is trained on: made alike each time, and still what is measured."""

import csv
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["GAITD_BIN"])
SHIPPED = SOURCE / "models/demonstration/walks.csv"
WALKS = 6
# How far a measurement may drift before the model should be made again: a share of the value, and a floor.
DRIFT = {"speed_normalized": (0.05, 0), "cadence_normalized": (0.03, 0), "step_length_normalized": (0.05, 0),
         "step_width_normalized": (0.15, 0.01), "stance": (0.05, 0), "knee_range": (0.15, 0), "age_months": (0, 0)}


def made(folder, name, *more):
    out = pathlib.Path(folder, name)
    subprocess.run([sys.executable, SOURCE / "tools/train_demo_model/walks.py", "--walker", BIN / "walker", "--analyze",
                    BIN / "gait-analyze", "--walks", str(WALKS), "--out", out, *more], check=True, stderr=subprocess.DEVNULL)
    return out


def rows(path):
    lines = path.read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


class Walks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.names = pathlib.Path(self.folder, "features")
        self.names.write_bytes(subprocess.run([BIN / "train-demo-model", "--features"], check=True, stdout=subprocess.PIPE).stdout)

    def test_the_same_table_each_time(self):
        one = made(self.folder, "one.csv", "--features", self.names, "--jobs", "1")
        two = made(self.folder, "two.csv", "--features", self.names, "--jobs", "2")
        self.assertEqual(one.read_bytes(), two.read_bytes())

    def test_the_shipped_table_is_what_is_measured(self):
        fresh, shipped = rows(made(self.folder, "walks.csv", "--features", self.names)), rows(SHIPPED)
        self.assertEqual(list(fresh[0]), list(shipped[0]))
        self.assertEqual({r["group"] for r in shipped}, {"0", "1"})
        self.assertEqual({r["set"] for r in shipped}, {"train", "calibrate", "test"})
        for new, old in zip(fresh, shipped):
            for column in ("walk", "set", "group", "sex", "height_m"):
                self.assertEqual(new[column], old[column])
            for column, (share, floor) in DRIFT.items():
                self.assertAlmostEqual(float(new[column]), float(old[column]), delta=share * abs(float(old[column])) + floor,
                                       msg=f"walk {new['walk']}, {column}: scripts/train-demo-model makes the table again")

    def test_every_feature_is_a_column(self):
        with (SOURCE / "src/score/features.def").open() as f:
            names = re.findall(r"^(?:FEATURE|PATIENT_FACT)\((\w+)", f.read(), re.M)
        self.assertLessEqual(set(names), set(rows(made(self.folder, "all.csv"))[0]))


if __name__ == "__main__":
    unittest.main()
