"""Videos as phones and cameras write them: what the browser says of them, and that the real engine reads them."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from gaitd import BIN, SOURCE, main
from webtest import SAMPLE, WebGaitd

WEIGHTS = SOURCE / "build" / "weights"
HDR = ("-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc")
X265 = ("-c:v", "libx265", "-tag:v", "hvc1", "-preset", "ultrafast", "-x265-params", "log-level=none")
NOTED = ("-movflags", "use_metadata_tags", "-metadata", "com.android.capture.fps=240.000000")


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, args)], check=True, stdin=subprocess.DEVNULL)


def drawn(path, *coding, fps=30, seconds=4):
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=854x480:rate={fps}:duration={seconds}", *coding, path)
    return path


class Clips(unittest.TestCase):
    def test_what_the_form_says(self):
        with WebGaitd() as d:
            at = d.films
            upright = at / "upright.mp4"
            drawn(at / "lying.mp4", "-pix_fmt", "yuv420p")
            ffmpeg("-i", at / "lying.mp4", "-c", "copy", "-metadata:s:v", "rotate=90", upright)
            d.browse("clips.mjs", "clips", "phone", upright=upright,
                     hevc=drawn(at / "hevc.mov", *X265, "-pix_fmt", "yuv420p"), hdr=drawn(at / "hdr.mov", *X265, *HDR, fps=60),
                     slow=drawn(at / "slow.mp4", "-pix_fmt", "yuv420p", *NOTED, seconds=25),
                     brief=drawn(at / "brief.mp4", "-pix_fmt", "yuv420p", *NOTED, seconds=4),
                     fast=drawn(at / "fast.mov", "-pix_fmt", "yuv420p", "-preset", "ultrafast", fps=240),
                     coarse=drawn(at / "coarse.mp4", "-pix_fmt", "yuv420p", fps=12),
                     webm=drawn(at / "take.webm", "-c:v", "libvpx", "-deadline", "realtime"), avi=drawn(at / "old.avi", "-c:v", "mpeg4"))


class Engine(unittest.TestCase):
    """gait-pose on the sample's side video, coded anew: the same walker, at nearly the same places."""

    @classmethod
    def setUpClass(cls):
        if not (SAMPLE / "side.mp4").exists() or not WEIGHTS.exists():
            raise AssertionError("no sample pair or no pose models: cmake --build … --target sample_pair, scripts/weights")
        cls.folder = tempfile.TemporaryDirectory()
        cls.plain = cls.points("plain.mp4", "-pix_fmt", "yuv420p")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def points(cls, name, *coding, seconds=2):
        """By frame: x, y, confidence of each point; and meta.json."""
        film, out = pathlib.Path(cls.folder.name, name), pathlib.Path(cls.folder.name, name + ".points")
        ffmpeg("-t", seconds, "-i", SAMPLE / "side.mp4", *coding, film)
        subprocess.run([BIN / "gait-pose", "--input", film, "--write_json", out, "--weights", WEIGHTS], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        frames = [json.loads(p.read_text())["people"] for p in sorted(out.glob("*_keypoints.json"))]
        return [f[0]["pose_keypoints_2d"] if f else None for f in frames], json.loads((out / "meta.json").read_text())

    def median_distance(self, frames):
        off = sorted(((a[i] - b[i]) ** 2 + (a[i + 1] - b[i + 1]) ** 2) ** 0.5
                     for a, b in zip(frames, self.plain[0]) if a and b for i in range(0, 75, 3) if a[i + 2] > 0.3 and b[i + 2] > 0.3)
        return off[len(off) // 2]

    def test_hevc(self):
        frames, meta = self.points("hevc.mov", *X265, "-pix_fmt", "yuv420p")
        self.assertEqual((len(frames), meta["source"]["codec"]), (len(self.plain[0]), "hevc"))
        self.assertLess(self.median_distance(frames), 4)

    def test_hdr(self):
        frames, _ = self.points("hdr.mov", *X265, *HDR, "-vf", "zscale=t=arib-std-b67:p=bt2020:m=bt2020nc:tin=bt709:pin=bt709:min=bt709,format=yuv420p10le")
        self.assertGreater(sum(f is not None for f in frames), 0.95 * len(self.plain[0]))
        self.assertLess(self.median_distance(frames), 5)


if __name__ == "__main__":
    main()
