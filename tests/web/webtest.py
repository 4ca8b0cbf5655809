"""A gaitd with the built app, and scenarios of tests/web/*.mjs in a browser against it.

    with WebGaitd() as d:
        d.browse("pages.mjs", "sign_in", size="phone")         # fails with what the browser saw

A scenario may ask its test for something (await ask("open_gate")): it is called here, with its answer sent back.
"""

import json
import os
import pathlib
import subprocess
import tempfile

import keypoints
from gaitd import BIN, SOURCE, Gaitd

BUILD = pathlib.Path(os.environ.get("GAITD_BUILD", BIN.parent))
HERE = pathlib.Path(__file__).resolve().parent
SHOTS = BUILD / "web-shots"
SAMPLE = BUILD / "sample"
NODE = (SOURCE / "scripts" / "with-node", "node")
PASSWORD = "correct horse battery"


def make_video(path, seconds=4, size="640x360", seed=0):
    """A film that browsers play; nobody walks in it. Fragmented: what stand-in engines put before it moves no offset."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}",
                    "-pix_fmt", "yuv420p", "-metadata", f"title={seed}", "-movflags",
                    "frag_keyframe+empty_moov+default_base_moof", str(path)], check=True, stdin=subprocess.DEVNULL)
    return path


def measure(front, side, facts):
    """What the real analysis says of key points."""
    with tempfile.TemporaryDirectory() as folder:
        args = []
        for view, document in (("front", front), ("side", side)):
            path = pathlib.Path(folder, f"{view}.json")
            path.write_text(json.dumps(document))
            args += [f"--{view}", path]
        for name, value in {"height": "172cm", "age": "30", **facts}.items():
            args += [f"--{name}", value]
        out = pathlib.Path(folder, "result.json")
        subprocess.run([BIN / "gait-analyze", *args, "--out", out, "--model", SOURCE / "models" / "demonstration",
                        "--allow-demonstration", "--no-summary"], check=True, stdin=subprocess.DEVNULL)
        return json.loads(out.read_text())


def empty_result():
    """Of videos without a person: no score, and why."""
    nobody = {"fps": 30, "width": 640, "height": 360, "layout": "body_25", "frames": [{"people": []}] * 90}
    return measure(nobody, nobody, {})


def real_result(walk, facts):
    """Of a figure that walks as keypoints.Walk is told."""
    return measure(keypoints.document("front", **walk), keypoints.document("side", **walk), facts)


class WebGaitd(Gaitd):
    def __init__(self, engines="standin", settings=None):
        if not (BUILD / "web" / "index.html").exists():
            raise AssertionError(f"no web app in {BUILD / 'web'}: scripts/web {BUILD / 'web'}")
        super().__init__(engines=engines, settings={"http.static_dir": BUILD / "web", **(settings or {})})
        self.films = pathlib.Path(tempfile.mkdtemp(dir=self.root))

    def start(self, env_now=None):
        super().start(env_now)
        if self.starts == 1:
            self.add_user("ann@example.org", password=PASSWORD)
            self.token = self.add_token("ann@example.org")
        return self

    def browse(self, script, scenario, size="desktop", seconds=120, **facts):
        """Run one scenario. @facts go to it as a JSON object; what it asks for are methods ask_NAME of this object."""
        env = {**os.environ, "GAITD_URL": self.url, "GAITD_SOURCE": str(SOURCE), "GAITD_SHOTS": str(SHOTS), "SCENARIO": scenario,
               "SIZE": size, "FACTS": json.dumps({"password": PASSWORD, **{k: str(v) if isinstance(v, pathlib.Path) else v
                                                                          for k, v in facts.items()}})}
        with tempfile.TemporaryFile("w+") as log:
            self.converse(scenario, size, env, ["timeout", str(seconds), *NODE, HERE / script], log)

    def converse(self, scenario, size, env, command, log):
        node = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        said = []
        with node:
            for line in node.stdout:
                if line.startswith("@"):
                    answer = getattr(self, "ask_" + line[1:].strip())()
                    node.stdin.write(json.dumps(answer) + "\n")
                    node.stdin.flush()
                else:
                    said.append(line)
        log.seek(0)
        if node.returncode != 0:
            raise AssertionError(f"{scenario} ({size}) ended with {node.returncode}:\n{''.join(said)}{log.read()[-6000:]}")

    def ask_open_gate(self):
        self.open_gate()

    def ask_job_count(self):
        return self.count("jobs")
