"""The web app sends over lines that break to a gaitd that dies, out of a browser that is closed: one job, no byte twice."""

import os
import socket
import struct
import unittest

from gaitd import main
from webtest import PASSWORD, WebGaitd, make_video

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
        with socket.socket() as s:  # the same one after a restart
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        super().__init__(settings={"http.listen": f"127.0.0.1:{port}", **(settings or {})})

    def send(self, scenario, size="desktop", mb=(16, 10), **facts):
        front = big_video(self.films / "walk-front.mp4", mb[0], 0)
        side = big_video(self.films / "walk-side.mp4", mb[1], 1)
        self.browse("sending.mjs", scenario, size, front=front, side=side, bytes=sum(mb) * MB, **facts)


    def ask_kill(self):
        self.kill()

    def ask_start_again(self):
        self.start()

    def ask_upload_count(self):
        return self.count("uploads")

    def ask_end_sessions(self):
        self.write("DELETE FROM sessions")

    def ask_expire_uploads(self):
        self.write("UPDATE uploads SET expires_ms = 0")
        return self.count("uploads")


class Sending(unittest.TestCase):
    def scenario(self, name, size="desktop", **facts):
        with SendingGaitd() as d:
            d.send(name, size, **facts)

    def test_broken_line(self):
        self.scenario("broken_line", "phone")

    def test_reload_in_the_midst(self):
        self.scenario("reload")

    def test_browser_closed_and_opened_again(self):
        self.scenario("closed", "phone")

    def test_gaitd_dies_in_the_midst(self):
        self.scenario("server_dies", mb=(16, 24))

    def test_offline_in_the_midst(self):
        self.scenario("offline", "phone")

    def test_pause_and_go_on(self):
        self.scenario("pause", "phone")

    def test_stop_leaves_nothing_on_the_server(self):
        self.scenario("stop", mb=(16, 16))

    def test_lost_answer_makes_one_job(self):
        self.scenario("lost_answer", mb=(2, 1))

    def test_lost_answer_and_a_reload_make_one_job(self):
        self.scenario("lost_answer_and_reload", mb=(2, 1))

    def test_session_ends_in_the_midst(self):
        self.scenario("session_ends", "phone")

    def test_films_that_cannot_be_kept_are_recognised(self):
        with SendingGaitd() as d:
            (d.films / "again").mkdir()
            again = {v: d.films / "again" / f"IMG_{i}.mp4" for i, v in enumerate(("front", "side"))}
            for view, path in again.items():
                path.symlink_to(d.films / f"walk-{view}.mp4")
            d.send("not_kept", "phone", front_again=again["front"], side_again=again["side"])

    def test_no_room_is_told(self):
        self.scenario("no_room", mb=(2, 1))

    def test_expired_uploads_begin_anew(self):
        self.scenario("expired")

    def test_sign_out_leaves_nothing(self):
        self.scenario("sign_out", mb=(16, 16))

    def test_another_account_sees_and_sends_nothing(self):
        with SendingGaitd() as d:
            d.add_user("ben@example.org", password=PASSWORD)
            d.send("other_account")

    def test_beside_other_pages_and_tabs(self):
        self.scenario("beside")


if __name__ == "__main__":
    main()
