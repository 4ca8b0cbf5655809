"""Two visits of one person in the browser: results of the real analysis, of walks whose difference is known."""

import unittest

from gaitd import main
from webtest import WebGaitd, make_video, real_result


class Comparison(unittest.TestCase):
    def test_two_visits(self):
        with WebGaitd() as d:
            films = make_video(d.films / "front.mp4", 6).read_bytes(), make_video(d.films / "side.mp4", 6, seed=1).read_bytes()
            jobs = []
            for subject, walk, facts in (("P-1", {"cadence": 90}, {"height": "130cm", "footwear": "shoes"}), ("P-2", {"cadence": 100}, {}),
                                         ("P-1", {"cadence": 120}, {"height": "136cm", "footwear": "barefoot"})):
                d.result = real_result(walk, facts)
                job = d.new_job(d.token, front=films[0], side=films[1], subject=subject)
                d.wait_job(job, "complete")
                jobs.append(job)
            d.browse("comparison.mjs", "comparison", earlier=jobs[0], other=jobs[1], later=jobs[2])


if __name__ == "__main__":
    main()
