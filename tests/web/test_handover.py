"""Hand-over from laptop to phone in two browsers: scanned, typed, cancelled, too late."""

import unittest

from gaitd import main, wait_until
from test_sending import big_video
from webtest import WebGaitd, make_video


class HandoverGaitd(WebGaitd):
    def ask_upload_count(self):
        return self.count("uploads")

    def ask_over(self):
        """The page ends a hand-over behind the job that it shows: soon, and nobody sees when."""
        return wait_until(lambda: not self.rows("SELECT 1 FROM handovers WHERE ended_ms IS NULL"), "the end of the hand-over")

    def ask_expire_codes(self):
        return self.write("UPDATE handovers SET expires_ms = created_ms")

    def walk(self, scenario, **facts):
        self.browse("handover.mjs", scenario, front=make_video(self.films / "walk-front.mp4"), **facts)


class Handover(unittest.TestCase):
    def test_scanned(self):
        with HandoverGaitd() as d:
            text = d.films / "holiday.mp4"
            text.write_text("This is no video at all.\n")
            d.walk("hand_over", text=text, side=make_video(d.films / "walk-side.mp4", seed=1))
            self.assertEqual(d.count("jobs"), 1)

    def test_typed_and_reloaded(self):
        with HandoverGaitd() as d:
            d.walk("typed", side=big_video(d.films / "walk-side.mp4", 24, 1), bytes=24_000_000)
            self.assertEqual(d.count("jobs"), 1)

    def test_cancelled_on_the_laptop(self):
        with HandoverGaitd() as d:
            d.walk("cancelled")

    def test_too_late_and_narrow(self):
        with HandoverGaitd() as d:
            d.walk("late")


if __name__ == "__main__":
    main()
