"""gaitctl doctor and a real store (radosgw): one setting is broken at a time, and only the store may be accused, by the
setting's name and with what to do."""

import json
import re

from doctortest import ChainTest, Store, free_port, secret, word
from gaitd import SOURCE, main


class StoreOfS3(ChainTest):
    servers = {"store": Store}

    def test_all_is_well(self):
        report = self.content()
        for step in ("DNS", "TCP", "TLS", "credentials", "bucket", "write, read, delete", "presigned URL", "clock"):
            self.assertEqual(report.step("store", step)["outcome"], "ok", f"\n{report}")

    def test_store_endpoint(self):
        self.quickly("store", "blob.s3_endpoint", "no.such.store.invalid", **{"blob.s3_endpoint": "https://no.such.store.invalid"})
        self.quickly("store", "blob.s3_endpoint", "firewall", **{"blob.s3_endpoint": f"https://127.0.0.1:{free_port()}"})

    def test_store_with_another_authority(self):
        self.quickly("store", "blob.s3_ca_file", "certificate", **{"blob.s3_ca_file": self.foreign_ca()})

    def test_store_secret_of_somebody_else(self):
        wrong = secret(self.d, "wrong_secret", "not the secret of this key, but long enough\n")
        self.quickly("store", "blob.s3_secret_key_file", "SignatureDoesNotMatch", **{"blob.s3_secret_key_file": wrong})

    def test_store_key_that_is_not_known(self):
        self.quickly("store", "blob.s3_access_key", "InvalidAccessKeyId", **{"blob.s3_access_key": "NOBODYSKEY0123456789"})

    def test_store_bucket_that_is_not_there(self):
        self.quickly("store", "blob.s3_bucket", "no-such-bucket", "make the bucket", **{"blob.s3_bucket": "no-such-bucket"})

    def test_store_secret_that_others_may_read(self):
        open_to_all = secret(self.d, "open_secret", word(self.store.folder, "secret_key") + "\n", 0o644)
        report = self.quickly("store", "blob.s3_secret_key_file", "chmod 600", **{"blob.s3_secret_key_file": open_to_all})
        self.assertEqual(report.step("store", "open")["outcome"], "skipped")

    def other(self):
        """Another account of the store, that may do what its bucket's policy says."""
        return {"blob.s3_access_key": word(self.store.folder, "other_access_key"),
                "blob.s3_secret_key_file": secret(self.d, "other_secret", word(self.store.folder, "other_secret_key") + "\n")}

    def test_store_policy(self):
        """Nothing is allowed, then what docs/operations.md says: that is enough, and less is not."""
        self.quickly("store", "blob.s3_bucket", "AccessDenied", "docs/operations.md", **self.other())
        page = (SOURCE / "docs" / "operations.md").read_text()
        policy = next(p for p in map(json.loads, re.findall(r"```json\n(.*?)```", page, re.S)) if "Statement" in p)
        for statement in policy["Statement"]:
            statement["Principal"] = {"AWS": ["arn:aws:iam:::user/other"]}
            statement["Resource"] = [r.replace("gait-videos", self.store.bucket) for r in statement["Resource"]]
        self.addCleanup(self.store.request, "DELETE", "policy=")

        def put():
            status, answer = self.store.request("PUT", "policy=", json.dumps(policy).encode())
            self.assertIn(status, (200, 204), answer)
        put()
        self.content("--quick", settings=self.other())
        policy["Statement"][0]["Action"].remove("s3:DeleteObject")
        put()
        report = self.quickly("store", "blob.s3_bucket", "AccessDenied", **self.other())
        self.assertEqual(report.step("store", "bucket")["outcome"], "ok")


if __name__ == "__main__":
    main()
