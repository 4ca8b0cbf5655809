"""A small S3 client for tests: Signature Version 4 with the standard library, beside the driver's own in C.

    bucket = Bucket.make()            # a new one on the shared radosgw (RADOSGW names its folder), or SkipTest
    bucket.ask("PUT", "a/b", b"...")  # Answer with status, headers, body
    bucket.keys()                     # every key
    bucket.remove()                   # with all that is in it
"""

import datetime
import hashlib
import hmac
import http.client
import os
import pathlib
import secrets
import unittest
import urllib.parse
import xml.etree.ElementTree


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"

    def texts(self, tag):
        root = xml.etree.ElementTree.fromstring(self.body)
        return [e.text or "" for e in root.iter() if e.tag.rsplit("}", 1)[-1] == tag]


def quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


class Bucket:
    def __init__(self, folder, name):
        folder = pathlib.Path(folder)
        self.folder, self.name = folder, name
        self.endpoint = (folder / "endpoint").read_text().strip()
        self.access = (folder / "access_key").read_text().strip()
        self.secret = (folder / "secret_key").read_text().strip()

    @classmethod
    def make(cls):
        folder = os.environ.get("RADOSGW")
        if not folder or not os.path.exists(os.path.join(folder, "endpoint")):
            raise unittest.SkipTest("no radosgw (tests/support/radosgw.py run PROGRAM starts one)")
        bucket = cls(folder, "gaitd-" + secrets.token_hex(8))
        answer = bucket.ask("PUT")
        if answer.status != 200:
            raise AssertionError(answer)
        return bucket

    def ask(self, method, key="", body=b"", query=None, headers=None):
        host = urllib.parse.urlsplit(self.endpoint).netloc
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        path = f"/{self.name}" + ("/" + quote(key, "/") if key else "")
        pairs = "&".join(f"{quote(k)}={quote(v)}" for k, v in sorted((query or {}).items()))
        send = {**(headers or {}), "host": host, "x-amz-date": now, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        names = ";".join(sorted(send))
        canonical = "\n".join([method, path, pairs, *(f"{k}:{send[k]}" for k in sorted(send)), "", names,
                               send["x-amz-content-sha256"]])
        scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signing = ("AWS4" + self.secret).encode()
        for part in (now[:8], "us-east-1", "s3", "aws4_request", text):
            signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
        send["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, SignedHeaders={names}, "
                                 f"Signature={signing.hex()}")
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            connection.request(method, path + ("?" + pairs if pairs else ""), body, send)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def keys(self):
        return self.ask("GET", query={"list-type": "2"}).texts("Key")

    def uploads(self):
        answer = self.ask("GET", query={"uploads": ""})
        return list(zip(answer.texts("Key"), answer.texts("UploadId")))

    def remove(self):
        for key in self.keys():
            self.ask("DELETE", key)
        for key, upload in self.uploads():
            self.ask("DELETE", key, query={"uploadId": upload})
        answer = self.ask("DELETE")
        if answer.status != 204:
            raise AssertionError(answer)

    def settings(self):
        """Those of a gaitd that keeps its blobs there."""
        return {"blob.driver": "s3", "blob.s3_endpoint": self.endpoint, "blob.s3_bucket": self.name,
                "blob.s3_prefix": "gaitd/", "blob.s3_access_key": self.access,
                "blob.s3_secret_key_file": self.folder / "secret_key"}
