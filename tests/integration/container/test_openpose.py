#!/usr/bin/env python3
"""containers/pose-openpose: its gait-pose against a stand-in for openpose.bin that writes OpenPose's files, and what can
be checked of a Containerfile that cannot be built without its base image."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
FOLDER = SOURCE / "containers/pose-openpose"
FRAMES = 30

# Takes OpenPose's own options and refuses all others.
STANDIN = r"""#!/bin/bash
while [ $# -gt 0 ]; do
	case $1 in
	--video | --model_folder | --model_pose | --write_json | --write_video | --display | --keypoint_scale | \
		--number_people_max | --write_video_fps | --render_pose | --net_resolution)
		declare "${1#--}=$2"; shift 2 ;;
	*) echo "ERROR: unknown command line flag '${1#--}'"; exit 1 ;;
	esac
done
[ "$model_pose $display $keypoint_scale" = "BODY_25 0 0" ] || exit 1
echo "Starting OpenPose demo..."
case $BEHAVE in
exit*) exit "${BEHAVE#exit}" ;;
nogpu) echo "Cuda check failed (35 vs. 0): CUDA driver version is insufficient for CUDA runtime version"; exit 255 ;;
hang) exec sleep 3600 ;;
esac
name=${video##*/}
for ((i = 0; i < FRAMES; i++)); do
	person='{"person_id":[-1],"pose_keypoints_2d":[10,20,0.5,11,21,0.7'$(printf ',0,0,0%.0s' {1..23})'],"face_keypoints_2d":[],"hand_left_keypoints_2d":[]}'
	[ "$BEHAVE" != nobody ] && [ "$i" -ge 10 ] || person=
	printf '{"version":1.3,"people":[%s]}' "$person" >"$(printf '%s/%s_%012d_keypoints.json' "$write_json" "${name%.*}" "$i")"
done
[ -z "$write_video" ] || ffmpeg -v error -nostdin -i "$video" -c:v mjpeg "$write_video"
"""


class GaitPose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("ffmpeg", "ffprobe", "jq"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"{tool} is not installed: scripts/setup test")
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="openpose-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.video = cls.root / "walk.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc=size=320x240:rate=30:duration={FRAMES / 30}",
                        "-pix_fmt", "yuv420p", str(cls.video)], check=True, stdin=subprocess.DEVNULL)
        cls.bin = cls.root / "openpose.bin"
        cls.bin.write_text(STANDIN)
        cls.bin.chmod(0o755)
        model = cls.root / "models/pose/body_25/pose_iter_584000.caffemodel"
        model.parent.mkdir(parents=True)
        model.write_bytes(b"weights")

    def setUp(self):
        self.out = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        self.temporary = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        self.addCleanup(lambda: self.assertEqual(list(self.temporary.iterdir()), []))

    def command(self, *args, **env):
        return [str(FOLDER / "gait-pose"), *map(str, args)], {
            "PATH": os.environ["PATH"], "OPENPOSE_BIN": str(self.bin), "OPENPOSE_MODELS": str(self.root / "models"),
            "TMPDIR": str(self.temporary), "FRAMES": str(FRAMES), "BEHAVE": "walk", **env}

    def run_it(self, code, *args, **env):
        argv, env = self.command(*args, **env)
        done = subprocess.run(argv, env=env, text=True, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_key_points_overlay_and_progress(self):
        (self.out / "walk_000000000099_keypoints.json").write_text("{}")
        done = self.run_it(0, "--input", self.video, "--write_json", self.out, "--write_video", self.out / "overlay.mp4",
                           "--subject_hint", "12.5,40", "--max_seconds", "60", "--progress")
        names = sorted(p.name for p in self.out.glob("*_keypoints.json"))
        self.assertEqual(names, [f"walk_{i:012d}_keypoints.json" for i in range(FRAMES)])
        meta = json.loads((self.out / "meta.json").read_text())
        for key, value in {"fps": 30, "width": 320, "height": 240, "frames": FRAMES, "frames_with_person": 20, "flags": [],
                           "mean_confidence": 0.6, "keypoints": "BODY_25", "rotation": 0, "subject_hint": [12.5, 40]}.items():
            self.assertEqual(meta[key], value, key)
        self.assertEqual(meta["model_sha256"], hashlib.sha256(b"weights").hexdigest())
        self.assertTrue(meta["engine"].startswith("openpose "))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[-1], "progress 100")
        self.assertTrue(all(re.fullmatch(r"progress \d{1,3}", line) for line in lines), lines)
        probe = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=codec_name,nb_read_packets",
                                "-of", "csv=p=0", str(self.out / "overlay.mp4")], text=True, capture_output=True, check=True)
        self.assertEqual(probe.stdout.strip(), f"h264,{FRAMES}")

    def test_analysis_reads_it(self):
        analyze = pathlib.Path(os.environ.get("GAITD_BIN", SOURCE / "build/asan/bin")) / "gait-analyze"
        if not analyze.exists():
            self.skipTest(f"{analyze} is not built")
        self.run_it(0, "--input", self.video, "--write_json", self.out)
        result = self.out / "result.json"
        done = subprocess.run([str(analyze), "--side", str(self.out), "--out", str(result)], text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("parameters", json.loads(result.read_text()))

    def test_the_overlay_with_events(self):
        """OpenPose draws before events are known: the CPU engine's program draws them, over OpenPose's key points."""
        programs = pathlib.Path(os.environ.get("GAITD_BIN", SOURCE / "build/asan/bin"))
        if not (programs / "gait-pose").exists():
            self.skipTest(f"{programs} has no gait-pose")
        self.run_it(0, "--input", self.video, "--write_json", self.out)
        result = self.out / "result.json"
        result.write_text(json.dumps({"events": [{"view": "side", "foot": "left", "kind": "heel_strike", "time_s": 0.4}]}))
        overlay = self.out / "overlay.mp4"
        options = ("--input", self.video, "--read_json", self.out, "--events", result, "--view", "side", "--write_video", overlay)
        done = self.run_it(0, *options, "--progress", GAIT_OVERLAY=str(programs / "gait-pose"))
        self.assertIn("progress 100", done.stdout)
        probe = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=codec_name,nb_read_packets",
                                "-of", "csv=p=0", str(overlay)], text=True, capture_output=True, check=True)
        self.assertEqual(probe.stdout.strip(), f"h264,{FRAMES}")
        overlay.unlink()
        done = self.run_it(64, *options, GAIT_OVERLAY="/none")
        self.assertIn("no program that draws overlays", done.stderr)
        self.assertFalse(overlay.exists())

    def test_exit_codes(self):
        text = self.root / "text.mp4"
        text.write_text("no video")
        for code, args, env in ((3, ["--input", self.video], {"BEHAVE": "nobody"}), (70, ["--input", self.video], {"BEHAVE": "exit1"}),
                                (78, ["--input", self.video], {"BEHAVE": "nogpu"}), (65, ["--input", text], {}),
                                (65, ["--input", self.video, "--max_seconds", "0.5"], {}), (66, ["--input", "/none"], {}),
                                (64, [], {}), (64, ["--input", self.video, "--what", "1"], {}),
                                (64, ["--input", self.video, "--subject_hint", "1;2"], {}),
                                (78, ["--input", self.video], {"OPENPOSE_BIN": "/none"}), (0, ["--version"], {})):
            with self.subTest(args=args, env=env):
                self.run_it(code, *args, "--write_json", self.out, **env) if code else self.run_it(0, *args)
                self.assertFalse((self.out / "meta.json").exists())

    def test_term_ends_openpose(self):
        argv, env = self.command("--input", self.video, BEHAVE="hang")
        process = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True)
        while not any(self.temporary.glob("*/log")):
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 143)


class Containerfile(unittest.TestCase):
    def setUp(self):
        text = (FOLDER / "Containerfile").read_text()
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        self.steps = [s.strip() for s in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines() if s.strip()]
        self.arguments = dict(re.match(r'ARG (\w+)="?([^"]*)"?', s).groups() for s in self.steps if re.match(r"ARG \w+=", s))

    def test_instructions(self):
        known = ("ARG", "FROM", "SHELL", "RUN", "COPY", "ENV", "LABEL", "ENTRYPOINT", "WORKDIR")
        for step in self.steps:
            self.assertIn(step.split()[0], known, step)
        self.assertEqual(self.steps[-2:], ["ENTRYPOINT []", "WORKDIR /tmp"])

    def test_versions_are_pinned(self):
        for name in ("OPENPOSE_COMMIT", "CAFFE_COMMIT"):
            self.assertRegex(self.arguments[name], "^[0-9a-f]{40}$")
        self.assertRegex(self.arguments["MODEL_MD5"], "^[0-9a-f]{32}$")
        for name in ("DEVEL", "RUNTIME"):
            self.assertRegex(self.arguments[name], r"^docker\.io/nvidia/cuda:12\.\d+\.\d+-cudnn8-\w+-ubuntu22\.04$")
        self.assertEqual(self.arguments["CUDA_ARCH_BIN"].split()[0], "80")
        self.assertIn("90", self.arguments["CUDA_ARCH_BIN"].split())

    def test_files_that_are_copied(self):
        for step in self.steps:
            if step.startswith("COPY ") and "--from" not in step:
                for name in step.split()[1:-1]:
                    self.assertTrue(os.access(SOURCE / name, os.X_OK), name)

    def test_programs_with_their_own_libraries(self):
        """One script starts them all, by its name."""
        copied = [s.split()[-1] for s in self.steps if s.startswith("COPY --from=gait /usr/bin/")]
        self.assertEqual(copied, ["/opt/gait/bin/gait-analyze", "/opt/gait/bin/gait-overlay"])
        script = (FOLDER / "gait-analyze").read_text()
        self.assertIn('"/opt/gait/bin/${0##*/}"', script)
        self.assertTrue(any("ln -s gait-analyze /usr/local/bin/gait-overlay" in s for s in self.steps))

    def test_commands(self):
        if not shutil.which("shellcheck"):
            self.skipTest("shellcheck is not installed: scripts/setup test")
        names = "".join(f"{name}=x; export {name}\n" for name in self.arguments)
        runs = [s[4:] for s in self.steps if s.startswith("RUN ")]
        self.assertGreaterEqual(len(runs), 5)
        for run in runs:
            done = subprocess.run(["shellcheck", "-s", "bash", "-e", "SC2251", "-"], input=names + run + "\n", text=True, capture_output=True,
                                  check=False)
            self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
