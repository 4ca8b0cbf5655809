"""The web app sends over lines that break to a gaitd that dies, out of a browser that is closed: one job, no byte twice."""

import os
import socket
import struct
import unittest

from gaitd import main
from webtest import WebGaitd, make_video

MB = 1_000_000


def big_video(path, mb, seed):
    """A film that browsers play, made long by a box that players skip."""
    make_video(path, seed=seed)
    with path.open("ab") as f:
        size = mb * MB - path.stat().st_size
        f.write(struct.pack(">I4s", size, b"free") + os.urandom(size - 8))
    return path


class SendingGaitd(WebGaitd):
    def __init__(self, settings=None):
        with socket.socket() as s: # the same one after a restart
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        super().__init__(settings={"http.listen": f"127.0.0.1:{port}", **(settings or {})})

    def send(self, scenario, size="desktop", mb=(16, 10), **facts):
        front = big_video(self.films / "walk-front.mp4", mb[0], 0)
        side = big_video(self.films / "walk-side.mp4", mb[1], 1)
        self.browse("sending.mjs", scenario, size, front=front, side=side, bytes=sum(mb) * MB, **facts)


class Sending(unittest.TestCase):
    def test_broken_line(self):
        with SendingGaitd() as d:
            d.send("broken_line", "phone")

    def test_reload_in_the_midst(self):
        with SendingGaitd() as d:
            d.send("reload")


if __name__ == "__main__":
    main()
