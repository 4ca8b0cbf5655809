"""scripts/with-node where the system's Node.js is too old for the web app, as on Debian 12: what it fetches, and what it says."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from gaitd import SOURCE, main

OLD = """#!/bin/sh
[ "$*" != --version ] || exec echo v18.20.4
exec {node} "$@"
"""


class OldNode(unittest.TestCase):
    def setUp(self):
        """A copy of what it needs, so that nothing was fetched yet; and an old Node.js, by what it says of itself."""
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="gaitd-node-")))
        for path in ("scripts/with-node", "web/node/package.json", "web/node/package-lock.json"):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / path, self.root / path)
        self.old = self.root / "old"
        self.old.mkdir()
        (self.old / "node").write_text(OLD.format(node=shutil.which("node")))
        (self.old / "node").chmod(0o755)

    def run_with_node(self, *command, **env):
        return subprocess.run([self.root / "scripts" / "with-node", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{self.old}:{os.environ['PATH']}", **env})

    def test_a_newer_one_is_fetched_once(self):
        say = ("node", "-e", "process.stdout.write(process.version + process.argv[1])", "two words")
        first = self.run_with_node(*say)
        self.assertRegex(first.stdout, r"^v2\d\.\d+\.\d+two words$", first.stderr)
        self.assertIn("fetching a newer Node.js than the system's v18.20.4", first.stderr)
        second = self.run_with_node(*say, npm_config_registry="http://127.0.0.1:9")
        self.assertEqual((second.stdout, second.stderr), (first.stdout, ""))
        self.assertEqual(self.run_with_node("sh", "-c", "exit 7").returncode, 7)

    def test_without_network_it_says_what_to_do(self):
        said = self.run_with_node("node", "--version", npm_config_registry="http://127.0.0.1:9", npm_config_fetch_retries="0",
                                  npm_config_cache=str(self.root / "cache"))
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertIn("npm could not fetch a Node.js for this machine", said.stderr)
        self.assertIn("next: check the network", said.stderr)


if __name__ == "__main__":
    main()
