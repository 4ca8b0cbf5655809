"""Key points of a stick figure whose gait is known, as JSON documents: the figure of tests/unit/gait/synth.c.

    document("side")                        {"fps", "width", "height", "layout": "body_25", "frames": [{"people": […]}]}
    document("front", seconds=10, cadence=100, noise=1.0)
    frames("side")                          the frames alone, one OpenPose file each
    archive(front, side)                    the bytes of keypoints.tar.gz of two documents, as the job script makes it
"""

import io
import json
import math
import random
import tarfile

POINTS = 25
THIGH, SHANK, ANKLE, CAMERA_M, CAMERA_HEIGHT = 0.245, 0.246, 0.039, 6.0, 1.2
# hip, knee, ankle, heel, toe in BODY_25
LEGS = {"left": (12, 13, 14, 21, 19), "right": (9, 10, 11, 24, 22)}
NOSE, NECK, R_SHOULDER, L_SHOULDER, MID_HIP, R_EYE, L_EYE, SMALL_TOES = 0, 1, 2, 5, 8, 15, 16, (20, 23)


class Walk:
    def __init__(self, view, seconds=6.0, fps=30.0, cadence=110.0, height=1.70, step=0.65, width=0.10, stance=0.62,
                 direction=1, noise=1.0, seed=7):
        self.view, self.seconds, self.fps, self.cadence, self.height = view, seconds, fps, cadence, height
        self.step, self.width, self.stance, self.direction, self.noise = step, width, stance, direction, noise
        self.stride = 120 / cadence
        self.random = random.Random(seed)

    def body_x(self, t):
        return self.step * self.cadence / 60 * t

    def foot(self, side, t):
        """Where it is along the walk, how high, and its pitch."""
        first = 0.3 * self.stride + (0.5 * self.stride if side == "left" else 0)
        phase = (t - first) / self.stride
        n = math.floor(phase)
        f = phase - n
        placed = self.body_x(first + n * self.stride) + 0.52 * self.step
        if f <= self.stance:
            return placed, 0.0, 0.0
        u = (f - self.stance) / (1 - self.stance)
        part = (u ** 3 - 2 * u ** 2 + u) * (1 - self.stance) + (3 * u ** 2 - 2 * u ** 3) + (u ** 3 - u ** 2) * 0.25
        return placed + 2 * self.step * part, 0.12 * math.sin(math.pi * u) ** 2, -0.5 * math.sin(2 * math.pi * u)

    def leg(self, side, t, hip, out):
        x, lift, pitch = self.foot(side, t)
        h, z = self.height, self.width / 2 * (1 if side == "left" else -1)
        ankle = (x, ANKLE * h + lift, z)
        dx, dy = ankle[0] - hip[0], hip[1] - ankle[1]
        a, b, long = THIGH * h, SHANK * h, math.hypot(dx, dy)
        d = min(long, (a + b) * 0.999)
        along = (a * a - b * b + d * d) / (2 * d)
        off = math.sqrt(max(0.0, a * a - along * along))
        at = LEGS[side]
        out[at[0]] = (hip[0], hip[1], z)
        out[at[1]] = (hip[0] + along * dx / long + off * dy / long, hip[1] - along * dy / long + off * dx / long, z)
        out[at[2]] = ankle
        out[at[3]] = (x - 0.05, 0.01 + lift, z)
        out[at[4]] = (x + 0.16 * math.cos(pitch), 0.01 + lift + 0.16 * math.sin(pitch), z)

    def body(self, t):
        h, x = self.height, self.body_x(t)
        out = [(x, 0.7 * h, 0.0)] * POINTS
        hip = (x, 0.515 * h, 0.0)
        for side in LEGS:
            self.leg(side, t, hip, out)
        out[MID_HIP], out[NECK] = hip, (x + 0.02, 0.81 * h, 0.0)
        out[L_SHOULDER], out[R_SHOULDER] = (x, 0.81 * h, 0.18), (x, 0.81 * h, -0.18)
        out[NOSE] = (x + 0.1, 0.902 * h, 0.0)
        out[L_EYE], out[R_EYE] = (x + 0.09, 0.922 * h, 0.03), (x + 0.09, 0.922 * h, -0.03)
        return out

    def project(self, p, t):
        if self.view == "side":
            away = p[0] - 0.5 * self.body_x(self.seconds)
            return 640 + self.direction * 160 * away, 0.85 * 720 - 160 * p[1]
        z = CAMERA_M + (self.body_x(self.seconds) - p[0] if self.direction > 0 else p[0])
        focal = 160 * CAMERA_M
        return 640 + self.direction * focal * p[2] / z, 360 - focal * (p[1] - CAMERA_HEIGHT) / z

    def frame(self, n):
        t, values = n / self.fps, []
        for i, p in enumerate(self.body(t)):
            x, y = self.project(p, t)
            x, y = self.random.gauss(x, self.noise), self.random.gauss(y, self.noise)
            values += [0, 0, 0] if i in SMALL_TOES else [round(x, 3), round(y, 3), 0.9]
        return {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": values}]}


def frames(view, **walk):
    w = Walk(view, **walk)
    return [w.frame(n) for n in range(int(w.seconds * w.fps))]


def document(view, **walk):
    return {"fps": walk.get("fps", 30.0), "width": 1280, "height": 720, "layout": "body_25", "frames": frames(view, **walk)}


def archive(**views):
    """keypoints.tar.gz with a folder a view: meta.json and one file a frame."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        def add(name, value):
            data = json.dumps(value).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for view, doc in views.items():
            add(f"{view}/meta.json", {"fps": doc["fps"], "width": doc["width"], "height": doc["height"], "engine": "test"})
            for n, frame in enumerate(doc["frames"]):
                add(f"{view}/{view}_{n:012d}_keypoints.json", frame)
    return packed.getvalue()
