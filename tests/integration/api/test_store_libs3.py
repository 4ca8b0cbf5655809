"""The same with an older store behind libs3, where the job's own uploads come through gaitd's signed addresses."""

import test_store_s3
from apitest import main
from s3 import Bucket


class OldStore(test_store_s3.Store):
    @classmethod
    def setUpClass(cls):
        make = Bucket.make

        def make_for_libs3():
            bucket = make()
            settings = bucket.settings
            bucket.settings = lambda *args, **more: {**settings(*args, **more), "blob.driver": "libs3"}
            return bucket
        Bucket.make = make_for_libs3
        try:
            super().setUpClass()
        finally:
            Bucket.make = make

    def test_signed_addresses_of_gaitd_are_none(self):
        """Here they are: the job sent its outputs to them, and nobody else can."""
        self.refused(self.d.get("/api/v1/blobs/a/b?expires=1&max=0&signature=x"), 403)

    def test_settings_that_libs3_cannot_follow(self):
        for settings, name in (({"blob.s3_endpoint": ""}, "blob.s3_endpoint"), ({"blob.s3_bucket": ""}, "blob.s3_bucket"),
                               ({"blob.s3_encryption": "AES256"}, "blob.s3_encryption")):
            done = self.d.ctl_run("config", "check", settings=settings)
            self.assertEqual(done.returncode, 78, done)
            self.assertIn(name, done.stdout + done.stderr)

    def test_doctor_walks_it(self):
        done = self.d.ctl_run("doctor")
        self.assertRegex(done.stdout, r"store +bucket +ok")
        self.assertRegex(done.stdout, r"write, read, delete +ok")


if __name__ == "__main__":
    main()
