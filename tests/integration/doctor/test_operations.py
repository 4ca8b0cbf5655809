"""docs/operations.md speaks of what exists: settings, commands, files, metrics; its example settings load."""

import json
import pathlib
import re
import subprocess
import unittest

from gaitd import SOURCE, Gaitd, main

PAGE = SOURCE / "docs" / "operations.md"
EXAMPLE = SOURCE / "docs" / "examples" / "gaitd-production.conf"
NOT_SETTINGS = {"cluster.conf"}  # a file on the cluster, whose name looks like one


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = PAGE.read_text()
        cls.d = Gaitd("parked")
        cls.options = json.loads(cls.d.ctl("--json", "config", "explain"))

    @classmethod
    def tearDownClass(cls):
        cls.d.close()

    def test_settings(self):
        sections = {name.partition(".")[0] for name in self.options}
        named = {f"{s}.{k}" for s, k in re.findall(r"`([a-z]+)\.([a-z0-9_]+)", self.text) if s in sections}
        self.assertGreater(len(named), 15)
        self.assertEqual(named - set(self.options) - NOT_SETTINGS, set())

    def test_links_and_files(self):
        for target in re.findall(r"\]\(([^)#:]+)\)", self.text):
            self.assertTrue((PAGE.parent / target).exists(), target)
        for path in re.findall(r"(?<![\w/.])((?:docs|pbs|containers|scripts|schema)/[\w./-]*\w)", self.text):
            self.assertTrue((SOURCE / path).exists(), path)

    def test_commands(self):
        said = self.d.ctl("--help")
        commands = re.findall(r"(?<![/\w])gaitctl ((?:--json )?[a-z]+(?: [a-z]+)?)", self.text)
        self.assertGreater(len(commands), 8)
        for command in commands:
            word = command.replace("--json ", "").split()[0]
            self.assertRegex(said, rf"(?m)^  (.*;  )?{word}\b", command)

    def test_metrics(self):
        with Gaitd("parked") as d:
            there = d.get("/metrics", d.person("staff@example.org", "staff")).text
        named = set(re.findall(r"`(gaitd_[a-z_]+)", self.text))
        self.assertGreater(len(named), 3)
        for name in named:
            self.assertRegex(there, rf"(?m)^{name}[ {{]")

    def test_json(self):
        for block in re.findall(r"```json\n(.*?)```", self.text, re.S):
            json.loads(block)

    def test_example_settings(self):
        """As they stand, but for the folders: those are the test's own."""
        root = self.d.root / "example"
        text = EXAMPLE.read_text()
        for path in re.findall(r'"(/[^"]+)"', text):
            there = pathlib.Path(f"{root}{path}")
            there.parent.mkdir(parents=True, exist_ok=True)
            if path.endswith("ed25519"):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", there], check=True)
            elif "secrets" in path:
                there.write_text("0123456789abcdef0123456789abcdef\n")
                there.chmod(0o600)
            elif "hosts" in path:
                there.write_text("")
        file = root / "gaitd.conf"
        file.write_text(re.sub(r'"(/[^"]+)"', lambda m: f'"{root}{m[1]}"', text))
        self.d.settings = {}
        done = self.d.ctl_run("--config", str(file), "config", "check", settings={"log.level": "warn"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("warning", done.stdout)


if __name__ == "__main__":
    main()
