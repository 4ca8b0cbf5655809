"""Every page of the web app in a browser, with stand-in engines: what people do, what goes wrong, and how it is told."""

import re
import unittest

from gaitd import main, video
from webtest import BUILD, WebGaitd, empty_result, make_video

FIRST_LOAD_BYTES = 200 * 1024


class Files(unittest.TestCase):
    def test_first_load_is_small_hashed_and_kept(self):
        with WebGaitd() as d:
            page = d.get("/", Accept_Encoding="gzip")
            self.assertEqual(page.headers["Cache-Control"], "no-cache")
            policy = page.headers["Content-Security-Policy"]
            self.assertIn("script-src 'self'", policy)
            # WebAssembly of our own may be compiled; nothing else that is made at run time is run.
            self.assertIn("script-src 'self' 'wasm-unsafe-eval';", policy)
            self.assertNotIn("unsafe", policy.replace("'wasm-unsafe-eval'", ""))
            self.assertIn("camera=(self)", page.headers["Permissions-Policy"])
            html = d.get("/").text
            self.assertNotRegex(html, r"https?://")
            scripts = re.findall(r'(?:src|href)="(/assets/[^"]+\.js)"', html)
            self.assertTrue(scripts)
            total = 0
            for path in scripts:
                packed = d.get(path, Accept_Encoding="gzip")
                self.assertEqual((packed.status, packed.headers["Content-Encoding"]), (200, "gzip"))
                total += len(packed.body)
            self.assertLess(total, FIRST_LOAD_BYTES)
            for path in (BUILD / "web" / "assets").iterdir():
                if path.suffix == ".tflite":
                    answer = d.get(f"/assets/{path.name}", Accept_Encoding="br")
                    self.assertIn("immutable", answer.headers["Cache-Control"], path.name)
                    self.assertEqual(len(answer.body), path.stat().st_size)
                elif path.suffix in (".js", ".css", ".svg", ".wasm"):
                    answer = d.get(f"/assets/{path.name}", Accept_Encoding="br")
                    self.assertIn("immutable", answer.headers["Cache-Control"], path.name)
                    self.assertEqual(answer.headers["Content-Encoding"], "br")
                    self.assertEqual(answer.headers["Vary"], "Accept-Encoding")


class Pages(unittest.TestCase):
    def test_sign_in_on_both_sizes(self):
        with WebGaitd() as d:
            d.browse("pages.mjs", "sign_in", "phone")
            d.browse("pages.mjs", "sign_in", "desktop")

    def test_sign_in_limit_is_told(self):
        with WebGaitd() as d:
            d.browse("pages.mjs", "sign_in_limit")

    def test_submit_refuses_what_cannot_be_used(self):
        with WebGaitd() as d:
            text = d.films / "holiday.mp4"
            text.write_text("This is no video at all.\n")
            d.browse("pages.mjs", "wrong_videos", "phone", text=text, short=make_video(d.films / "short.mp4", 1),
                     small=make_video(d.films / "small.mp4", 4, "320x180"), good=make_video(d.films / "good.mp4"))
            self.assertEqual(d.count("jobs"), 0)

    def test_draft_survives_a_reload_and_units_switch(self):
        with WebGaitd() as d:
            d.browse("pages.mjs", "draft", front=make_video(d.films / "walk-front.mp4"), side=make_video(d.films / "walk-side.mp4", seed=1))

    def test_server_refusal_is_told(self):
        with WebGaitd(settings={"upload.max_video_bytes": "20KB"}) as d:
            d.browse("pages.mjs", "too_large", front=make_video(d.films / "f.mp4"), side=make_video(d.films / "s.mp4", seed=1))
            self.assertEqual(d.count("jobs"), 0)

    def test_consent_is_read_and_recorded(self):
        with WebGaitd() as d:
            text = d.films / "consent.txt"
            text.write_text("I agree that both videos are analysed.\n" * 40)
            d.settings.update({"consent.text_file": text, "consent.version": "2026-11"})
            d.restart()
            d.browse("pages.mjs", "consent", "phone", front=make_video(d.films / "f.mp4"), side=make_video(d.films / "s.mp4", seed=1))
            row = d.rows("SELECT * FROM consents")[0]
            self.assertEqual((row["version"], row["authority"]), ("2026-11", "guardian"))

    def test_live_cancel_rerun_erase(self):
        with WebGaitd() as d:
            job = d.new_job(d.token, front=video("gate"), side=video(seed="s"))
            d.result = empty_result()
            d.browse("pages.mjs", "live", "desktop", job=job)
            self.assertTrue(d.get(f"/api/v1/jobs/{job}", d.token).json["erased"])

    def test_failure_in_plain_words(self):
        with WebGaitd(settings={"queue.max_attempts": "1"}) as d:
            job = d.new_job(d.token, front=video("exit65"))
            d.wait_job(job, "inference_error")
            d.browse("pages.mjs", "failure", "phone", job=job)

    def test_no_score_says_what_to_do(self):
        with WebGaitd() as d:
            d.result = empty_result()
            job = d.new_job(d.token)
            d.wait_job(job, "complete")
            d.browse("pages.mjs", "no_score", "phone", job=job)
            d.browse("pages.mjs", "no_score", "desktop", job=job)

    def test_list_filters_and_pages(self):
        with WebGaitd("parked", {"cluster.max_in_flight": "1", "upload.max_concurrent_per_user": "8"}) as d:
            for i in range(23):
                d.new_job(d.token, front=video(seed=str(i)), subject="P-1")
            d.browse("pages.mjs", "list", "phone")
            d.browse("pages.mjs", "list", "desktop")

    def test_keyboard_spanish_dark(self):
        with WebGaitd() as d:
            d.browse("pages.mjs", "keyboard", "desktop")


if __name__ == "__main__":
    main()
