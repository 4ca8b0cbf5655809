"""Filming in the browser and the check of the picture, with the real models: a fake camera shows films of the rendered walker."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from gaitd import BIN, SOURCE, main
from webtest import BUILD, NODE, SAMPLE, WebGaitd

WEIGHTS = SOURCE / "build" / "weights"


def ffmpeg(out, *args):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, args), str(out)], check=True, stdin=subprocess.DEVNULL)
    return out


def as_camera(out, film, filters="null", size="640:360"):
    """What Chromium's fake camera shows, over and over. Small, so that decoding and encoding it leaves time for the models."""
    return ffmpeg(out, "-i", film, "-vf", f"{filters},scale={size}", "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-an", "-f", "mjpeg")


class Camera(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for needed, how in ((WEIGHTS / "pose_detection.tflite", "scripts/weights"), (SAMPLE / "side.mp4", "cmake --build … --target sample_pair")):
            if not needed.exists():
                raise AssertionError(f"no {needed}: {how}")

    def browse(self, scenario, size="desktop", film=SAMPLE / "side.mp4", filters="null", shown="640:360", seconds=150, settings=None):
        with WebGaitd(settings=settings) as d:
            d.browse("camera.mjs", scenario, size, seconds, camera=as_camera(d.films / "camera.mjpeg", film, filters, shown))

    def test_record_replay_use_submit(self):
        with WebGaitd("real", {"cluster.weights_dir": WEIGHTS, "model.allow_demonstration": "yes"}) as d:
            shown = as_camera(d.films / "camera.mjpeg", SAMPLE / "side.mp4", size="1280:720")
            d.browse("camera.mjs", "record", "desktop", 240, camera=shown, front=SAMPLE / "front.mp4")
            job = d.rows("SELECT id FROM jobs")[0]["id"]
            d.wait_job(job, "complete", seconds=240)
            side = d.get(f"/api/v1/jobs/{job}/result", d.token).json["quality"]["side"]
            self.assertGreater(side["frames"] / side["fps"], 4)
            self.assertGreater(side["frames_with_person"], 0.5 * side["frames"])

    def test_record_webm_without_a_length(self):
        with WebGaitd("parked") as d:
            shown = as_camera(d.films / "camera.mjpeg", SAMPLE / "side.mp4")
            d.browse("camera.mjs", "record_webm", "phone", 200, camera=shown, front=SAMPLE / "front.mp4")
            films = [p for p in d.root.rglob("*") if p.is_file() and p.read_bytes()[:4] == b"\x1a\x45\xdf\xa3"]
            self.assertTrue(films, "the recording is in gaitd's data folder")
            points = d.films / "points"
            subprocess.run([BIN / "gait-pose", "--input", films[0], "--write_json", points, "--weights", WEIGHTS], check=True,
                           stdin=subprocess.DEVNULL, capture_output=True)
            meta = json.loads((points / "meta.json").read_text())
            # How many frames a loaded machine encodes is not what is tested; that the whole take is read is.
            self.assertEqual(meta["source"]["container"], "matroska")
            self.assertGreater(meta["frames"] / meta["fps"], 3)
            self.assertGreater(meta["frames_with_person"], 0)

    def test_phone_upright_short_take_and_focus(self):
        self.browse("phone", "phone", filters="crop=405:720", shown="360:640")

    def test_nobody(self):
        self.browse("nobody", film=ffmpeg(pathlib.Path(tempfile.mkdtemp()) / "empty.mp4", "-f", "lavfi", "-i", "testsrc=size=1280x720:rate=30:duration=4"))

    def test_two_walkers(self):
        self.browse("two", filters="split[a][b];[a]crop=640:720:0:0[c];[b]crop=640:720:0:0[d];[c][d]hstack,trim=0:2.5")

    def test_feet_cut_off(self):
        self.browse("feet", "phone", filters="crop=iw:474:0:0", shown="640:236")

    def test_permission_denied(self):
        self.browse("denied", "phone")

    def test_troubles_with_the_camera(self):
        self.browse("troubles")

    def test_insecure_page(self):
        self.browse("insecure")

    def test_no_camera(self):
        self.browse("no_camera")

    def test_chosen_files(self):
        with WebGaitd() as d:
            feet = ffmpeg(d.films / "feet.mp4", "-i", SAMPLE / "side.mp4", "-vf", "crop=iw:474:0:0")
            other = ffmpeg(d.films / "other.mp4", "-i", SAMPLE / "front.mp4", "-c", "copy")
            d.browse("camera.mjs", "files", "desktop", 280, side=SAMPLE / "side.mp4", front=SAMPLE / "front.mp4", feet=feet, other=other)

    def test_without_models(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([SOURCE / "web" / "node_modules" / ".bin" / "vite", "build", "--logLevel", "error"], cwd=SOURCE / "web", check=True,
                           env={**os.environ, "GAITD_WEB_OUT": folder, "GAITD_WEIGHTS": ""}, stdin=subprocess.DEVNULL)
            self.browse("without_models", settings={"http.static_dir": folder})


class SameAsTheEngine(unittest.TestCase):
    """The browser's module and gait-pose on the same frames."""

    def test_points_of_a_film(self):
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            film = ffmpeg(work / "walk.mp4", "-i", SAMPLE / "side.mp4", "-t", "1", "-c:v", "libx264", "-qp", "12")
            subprocess.run([BIN / "gait-pose", "--input", film, "--write_json", work / "points", "--weights", WEIGHTS], check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            ffmpeg(work / "frames.rgba", "-i", film, "-pix_fmt", "rgba", "-f", "rawvideo")
            script = pathlib.Path(__file__).with_name("same_points.mjs")
            wasm = BUILD / "web-pose" / "pose.wasm"
            said = subprocess.run([*NODE, script, wasm, WEIGHTS, work / "frames.rgba", "1280", "720", work / "points"], check=True,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
            found = json.loads(said)
            self.assertGreater(found["points"], 30 * 15)
            self.assertLess(found["median_px"], 0.5)
            self.assertLess(found["p95_px"], 2.0)


if __name__ == "__main__":
    main()
