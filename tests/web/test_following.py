"""A job's page without a stream, over a restart of gaitd, offline, and when its session ends."""

import unittest

from gaitd import main, video
from webtest import WebGaitd, empty_result


class Followed(WebGaitd):
    """With one job under way, whose engine waits at the gate."""

    def start(self, env_now=None):
        first = self.starts == 0
        super().start(env_now)
        if first:
            self.result = empty_result()
            self.settings["http.listen"] = f"127.0.0.1:{self.port}"  # where it comes back
            self.job = self.new_job(self.token, front=video("gate"), side=video(seed="s"))
        return self

    def ask_kill(self):
        self.kill()

    def ask_start_again(self):
        self.start()

    def ask_wait_complete(self):
        self.wait_job(self.job, "complete")

    def ask_end_sessions(self):
        self.write("DELETE FROM sessions")


class Following(unittest.TestCase):
    def test_polls_where_no_stream_comes_through(self):
        with Followed() as d:
            d.browse("following.mjs", "no_stream", "phone", job=d.job)

    def test_goes_on_over_a_restart(self):
        with Followed() as d:
            d.browse("following.mjs", "server_restart", job=d.job)

    def test_catches_up_after_offline(self):
        with Followed() as d:
            d.browse("following.mjs", "offline", job=d.job)

    def test_signs_in_again_where_it_was(self):
        with Followed() as d:
            d.browse("following.mjs", "session_over", job=d.job)


if __name__ == "__main__":
    main()
