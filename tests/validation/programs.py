"""The programs under test, and what they made, kept in build/validation."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GAITD_BIN", SOURCE / "build/release/bin"))
NICE = ("nice", "-n", os.environ.get("VALIDATE_NICE", "10"))
WEIGHTS = SOURCE / "build/weights"
WORK = SOURCE / "build/validation"
SHARED = pathlib.Path(os.environ.get("VALIDATE_DATA", SOURCE.parent / "shared/data"))


def sha(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


_sums = {}


def program_sum(name):
    """Of the program's bytes: what another version made is not taken for this one's."""
    if name not in _sums:
        _sums[name] = sha((BIN / name).read_bytes())
    return _sums[name]


def run(args, **kwargs):
    done = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **kwargs)
    if done.returncode:
        raise RuntimeError(f"{pathlib.Path(args[0]).name}: exit {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def made(kind, key, make):
    """The folder WORK/@kind/@key; @make fills it under another name first, so that it is whole or not there."""
    folder = WORK / kind / key
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = pathlib.Path(tempfile.mkdtemp(prefix=f".{key}.", dir=folder.parent))
        try:
            make(draft)
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            if not folder.is_dir():
                raise
    return folder


def walker_args(options):
    args = []
    for name, value in options.items():
        args += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return args


def rendered(options):
    """Folder with side.mp4, front.mp4 and truth.json."""
    key = sha("walker", program_sum("walker"), json.dumps(options, sort_keys=True))
    return made("walker", key, lambda d: run([*NICE, BIN / "walker", "--out", d, "--threads", 1, *walker_args(options)]))


def posed(video, model="full"):
    """Folder with the key points that gait-pose finds in @video. The video's folder is named by what made it."""
    video = pathlib.Path(video)
    key = sha("pose", program_sum("gait-pose"), video.parent.name, video.name, video.stat().st_size,
              *([] if model == "full" else [model]))
    return made("pose", key, lambda d: run([*NICE, BIN / "gait-pose", "--input", video, "--write_json", d, "--weights",
                                            WEIGHTS, "--decode_threads", 1, "--model", model]))


def analyzed(front=None, side=None, height=None, age=None, fps=None):
    """gait-analyze's result of folders of key points; never kept: it is the program that changes."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "result.json"
        args = [BIN / "gait-analyze", "--out", out, "--no-summary"]
        for name, value in (("front", front), ("side", side), ("age", age), ("fps", fps)):
            args += [f"--{name}", value] if value is not None else []
        args += ["--height", f"{height}m"] if height is not None else []
        run(args)
        return json.loads(out.read_text())


def read_truth(folder):
    return json.loads((pathlib.Path(folder) / "truth.json").read_text())
