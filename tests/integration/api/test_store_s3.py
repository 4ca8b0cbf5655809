"""A gaitd whose blobs lie in S3: the whole way of a job, its files with ranges, erasure, and nothing secret in the log."""

import json

from apitest import ApiTest, main
from gaitd import video
from s3 import Bucket


class Store(ApiTest):
    @classmethod
    def setUpClass(cls):
        cls.bucket = Bucket.make()
        cls.settings = cls.bucket.settings()
        super().setUpClass()
        cls.job = cls.d.new_job(cls.ann)
        cls.d.wait_job(cls.job, "complete")
        cls.files = {f["name"]: f for f in cls.d.get(f"/api/v1/jobs/{cls.job}", cls.ann).json["files"]}

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            cls.bucket.remove()

    def get(self, name, **headers):
        return self.d.request("GET", f"/api/v1/jobs/{self.job}/files/{name}", self.ann, headers=headers)

    def test_everything_lies_in_the_bucket(self):
        keys = self.bucket.keys()
        self.assertTrue(all(k.startswith("gaitd/") for k in keys), keys)
        ours = [k for k in keys if self.job in k]
        self.assertGreaterEqual(len(ours), 2 + len(self.files), keys)
        self.assertEqual(self.d.files("blobs"), [])
        self.assertEqual(self.bucket.uploads(), [])

    def test_result(self):
        answer = self.d.get(f"/api/v1/jobs/{self.job}/result", self.ann)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(json.loads(answer.body), answer.json)

    def test_files_with_ranges(self):
        for name, file in self.files.items():
            whole = self.get(name)
            self.assertEqual((whole.status, len(whole.body)), (200, file["bytes"]), whole)
            self.assertEqual(whole.headers["Accept-Ranges"], "bytes")
            n = file["bytes"]
            for text, first, last in (("0-0", 0, 0), (f"{n - 1}-", n - 1, n - 1), ("1-2", 1, 2), ("-2", n - 2, n - 1),
                                      (f"0-{n + 9}", 0, n - 1)):
                with self.subTest(f"{name} {text}"):
                    part = self.get(name, Range=f"bytes={text}")
                    self.assertEqual(part.status, 206, part)
                    self.assertEqual(part.headers["Content-Range"], f"bytes {first}-{last}/{n}")
                    self.assertEqual(part.body, whole.body[first:last + 1])
            self.assertEqual(self.get(name, Range=f"bytes={n}-").status, 416)
            tag = whole.headers["ETag"]
            self.assertEqual(self.get(name, **{"If-None-Match": tag}).status, 304)
            self.assertEqual(self.get(name, **{"If-Range": '"other"', "Range": "bytes=0-0"}).status, 200)
            self.assertEqual(self.get(name, **{"If-Range": tag, "Range": "bytes=0-0"}).status, 206)

    def test_signed_addresses_of_gaitd_are_none(self):
        self.refused(self.d.get("/api/v1/blobs/a/b?expires=1&max=0&signature=x"), 404)

    def test_erased_means_gone(self):
        job = self.d.new_job(self.ann)
        self.d.wait_job(job, "complete")
        self.assertTrue([k for k in self.bucket.keys() if job in k])
        self.assertEqual(self.d.request("DELETE", f"/api/v1/jobs/{job}", self.ann).status, 204)
        self.assertEqual([k for k in self.bucket.keys() if job in k], [])

    def test_a_file_that_the_store_lost(self):
        job = self.d.new_job(self.ann)
        self.d.wait_job(job, "complete")
        for key in self.bucket.keys():
            if job in key and key.endswith("result.json"):
                self.bucket.ask("DELETE", key)
        self.refused(self.d.get(f"/api/v1/jobs/{job}/result", self.ann), 404, "not in the store any more")

    def test_ready(self):
        answer = self.d.get("/readyz", self.staff)
        self.assertEqual(answer.status, 200, answer)

    def test_nothing_secret_is_logged(self):
        text = self.d.stderr()
        self.assertNotIn(self.bucket.secret, text)
        self.assertNotIn("X-Amz-Signature", text)
        self.assertNotIn("X-Amz-Credential", text)

    def test_a_job_that_fails(self):
        job = self.d.new_job(self.ann, front=video("exit65"))
        self.d.wait_job(job, "inference_error")
        self.assertEqual(self.bucket.uploads(), [])



if __name__ == "__main__":
    main()
