#!/usr/bin/env python3
"""pbs/gait-cluster with OpenPBS's words and exit codes. OpenPBS is not a Debian package, so nothing runs here: the
commands REPLAY output that was captured from OpenPBS 23.06 (tests/data/schedulers/openpbs) and exit codes that were
seen there. What a scheduler really does is test_verbs.py's, with Slurm."""

import json
import unittest

from cluster_env import SOURCE, ClusterTest, need_cluster, request

CAPTURES = SOURCE / "tests" / "data" / "schedulers" / "openpbs"


class OpenPbs(ClusterTest):
    def setUp(self):
        self.number = getattr(type(self), "count", 0)
        type(self).count = self.number + 1

    def replay(self, **tools):
        """Commands that print a text, end with a code, and write down how they were called."""
        scripts = {}
        self.calls = self.c.own / f"calls-{self.number}"
        self.calls.touch()
        self.calls.chmod(0o666)
        for tool in ("qsub", "qstat", "qdel", "qselect"):
            cases = tools.get(tool, [])
            cases = cases if isinstance(cases, list) else [(".", *cases)]
            body = f'echo "{tool} $*" >>{self.calls}\n'
            for n, (pattern, text, code) in enumerate(cases):
                path = self.c.own / f"{tool}-{self.number}-{n}"
                path.write_text(text)
                path.chmod(0o644)
                body += f'[[ "$*" =~ {pattern} ]] && cat {path} && exit {code}\n'
            scripts[tool] = body + "exit 1\n"
        self.tools = {"BIN": self.c.tools(f"pbs-{self.number}", **scripts), "SCHEDULER": "openpbs", "TIMEOUT_S": 5}
        return self.tools

    def called(self, tool):
        return [line for line in self.calls.read_text().split("\n") if line.startswith(tool + " ")]

    def attempt(self, name, job):
        folder = self.c.root / name
        self.c.as_account(["mkdir", folder])
        self.c.as_account(["dd", "status=none", f"of={folder}/id"], stdin=job.encode() + b"\n")
        self.c.as_account(["touch", folder / "submitting"])
        self.addCleanup(self.c.as_account, ["rm", "-rf", folder])

    def test_submit(self):
        c = self.c
        name = "pbs-submit"
        tools = self.replay(qsub=("7.server\n", 0))
        words = ["-N", f"g-{name}", "-l", "select=1:ncpus=4:mem=8192mb:ngpus=1", "-l", "walltime=01:00:00", "-l", "place=free",
                 "-q", "workq", "-A", "grant-1", "-r", "n", "-j", "oe", "-m", "n", "-W", "umask=077"]
        self.assertEqual(self.submit(name, qsub=words, settings=tools), "7.server")
        self.assertEqual(self.submit(name, qsub=words, settings=tools), "7.server")
        call, = self.called("qsub")
        for word in ("-l select=1:ncpus=4:mem=8192mb:ngpus=1 -l walltime=01:00:00", "-q workq", "-r n", "-W umask=077"):
            self.assertIn(word, call)
        self.assertTrue(call.endswith(f"-j oe -o /dev/null {c.root}/{name}/job.sh"), call)
        self.assertNotIn("t0ken", self.calls.read_text())
        self.assertIn(f"exec >>{c.root}/{name}/log 2>&1", (c.root / name / "job.sh").read_text())

    def test_exit_codes_of_qsub(self):
        """170 unknown queue, 166 bad walltime, 187 unknown resource; 162 and 255: the server is down."""
        for code, want in ((170, 65), (166, 65), (187, 65), (162, 69), (255, 69), (1, 69)):
            with self.subTest(code=code):
                self.setUp()
                name = f"pbs-qsub-{code}"
                answer = self.c.gait("submit", name, stdin=request(name), **self.replay(qsub=("", code)))
                self.refused(answer, want)
                self.assertEqual((self.c.root / name / "submitting").exists(), want == 69)

    def test_asked_first_after_a_failure(self):
        name = "pbs-again"
        self.refused(self.c.gait("submit", name, stdin=request(name), **self.replay(qsub=("", 162))), 69)
        self.setUp()
        # The server is still away: whether it has the job cannot be told.
        self.refused(self.c.gait("submit", name, stdin=request(name), **self.replay(qselect=("", 162), qsub=("8.server\n", 0))), 69)
        self.assertEqual(self.called("qsub"), [])
        self.setUp()
        # It has it, without a job history: -x is refused.
        tools = self.replay(qselect=[("-x", "", 1), ("-N", "9.server\n", 0)], qsub=("8.server\n", 0))
        self.assertEqual(self.submit(name, settings=tools), "9.server")
        self.assertEqual(self.called("qsub"), [])
        self.assertEqual(self.called("qselect")[0], f"qselect -x -u {self.c.account} -N g-{name}")

    def test_surely_not_there(self):
        name = "pbs-nothing"
        self.refused(self.c.gait("submit", name, stdin=request(name), **self.replay(qsub=("", 162))), 69)
        self.setUp()
        self.assertEqual(self.submit(name, settings=self.replay(qselect=("", 0), qsub=("10.server\n", 0))), "10.server")
        # And where a run has begun, whatever the scheduler has forgotten, there is no second one.
        (self.c.root / name / "id").unlink()
        (self.c.root / name / "run").write_text("0123\n")
        self.setUp()
        self.assertEqual(self.submit(name, settings=self.replay(qselect=("", 0), qsub=("11.server\n", 0))), f"g-{name}")
        self.assertEqual(self.called("qsub"), [])

    def test_status(self):
        self.attempt("pbs-status", "29.vm")
        for capture, code in (("running.json", 0), ("finished.json", 0), ("running.json", 153), ("walltime.json", 0)):
            with self.subTest(capture=capture, code=code):
                self.setUp()
                text = (CAPTURES / capture).read_text()
                status = self.c.status(**self.replay(qstat=(text, code)))
                self.assertTrue(status.whole)
                (kind, rc, words), = status.blocks
                self.assertEqual((kind, rc), ("openpbs-json", code))
                self.assertEqual(words.strip(), text.strip())
                json.loads(words)
                call, = self.called("qstat")
                self.assertEqual(call.split(" ")[:5], ["qstat", "-x", "-f", "-F", "json"])

    def test_status_without_history(self):
        self.attempt("pbs-status", "29.vm")
        text = (CAPTURES / "running.json").read_text()
        status = self.c.status(**self.replay(qstat=[("-x", "", 1), ("json", text, 35)]))
        self.assertEqual(status.blocks[0][:2], ("openpbs-json", 35))

    def test_status_without_json(self):
        self.attempt("pbs-status", "29.vm")
        text = (CAPTURES / "running.txt").read_text()
        status = self.c.status(**self.replay(qstat=[("json", "", 2), ("-x", text, 0)]))
        (kind, rc, words), = status.blocks
        self.assertEqual((kind, rc, words.strip()), ("qstat-f", 0, text.strip()))

    def test_status_server_down(self):
        self.attempt("pbs-status", "29.vm")
        status = self.c.status(**self.replay(qstat=("", 255)))
        self.assertTrue(status.whole)
        self.assertEqual(status.ids["pbs-status"], "29.vm")
        self.assertEqual(status.blocks[-1][1], 255)

    def test_cancel_and_forget(self):
        for code, want in ((0, 0), (153, 0), (35, 0), (255, 69), (162, 69)):
            with self.subTest(qdel=code):
                self.setUp()
                self.attempt("pbs-cancel", "29.vm")
                answer = self.c.gait("cancel", "pbs-cancel", **self.replay(qdel=("", code)))
                self.assertEqual(answer.code, want, answer)
                self.assertTrue((self.c.root / "pbs-cancel" / "cancel").exists())
        for code, want in ((0, 75), (153, 0), (35, 0), (255, 69)):
            with self.subTest(qstat=code):
                self.setUp()
                self.attempt("pbs-forget", "29.vm")
                answer = self.c.gait("forget", "pbs-forget", **self.replay(qstat=("", code)))
                self.assertEqual(answer.code, want, answer)
                self.assertEqual((self.c.root / "pbs-forget").exists(), want != 0)


if __name__ == "__main__":
    need_cluster()
    unittest.main()
