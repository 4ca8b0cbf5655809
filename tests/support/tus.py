"""The tus protocol 1.0.0 as a client speaks it, for tests: each request by itself, and one that resumes."""

import base64
import hashlib
import http.client

from gaitd import FIELDS

UPLOADS = "/api/v1/uploads"
BYTES = "application/offset+octet-stream"


def metadata(**pairs):
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" if v else k for k, v in pairs.items())


def checksum(data, kind="sha1"):
    return f"{kind} {base64.b64encode(hashlib.new(kind, data).digest()).decode()}"


def tus(d, method, path=UPLOADS, token=None, body=None, version="1.0.0", **headers):
    """One request; headers by name with _ for -, None leaves one out."""
    all_headers = {"Tus-Resumable": version, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return d.request(method, path, token, body=body, headers={k: str(v) for k, v in all_headers.items() if v is not None})


def create(d, token, size, body=None, **headers):
    if body is not None:
        headers.setdefault("Content_Type", BYTES)
    return tus(d, "POST", UPLOADS, token, body, Upload_Length=size, **headers)


def patch(d, token, url, offset, body, **headers):
    return tus(d, "PATCH", url, token, body, **{"Content_Type": BYTES, "Upload_Offset": offset, **headers})


def head(d, token, url, **headers):
    return tus(d, "HEAD", url, token, **headers)


def offset(answer):
    return int(answer.headers["Upload-Offset"])


def whole(d, token, data, **headers):
    """The address of a new upload, brought in one request."""
    answer = create(d, token, len(data), data, **headers)
    if answer.status != 201 or offset(answer) != len(data):
        raise AssertionError(f"upload: {answer} {answer.headers}")
    return answer.headers["Location"]


def make_job(d, token, front, side, key=None, **changes):
    fields = {**FIELDS, "fileuploadfront": front, "fileuploadside": side, **changes}
    return d.request("POST", "/api/v1/jobs", token, json_body={k: v for k, v in fields.items() if v is not None},
                     headers={"Idempotency-Key": key} if key else {})


class Upload:
    """A file on its way, over any number of connections and servers that die: step() until it says so."""

    def __init__(self, data, chunk, **headers):
        self.data, self.chunk, self.headers = data, chunk, headers
        self.url, self.at, self.acknowledged = None, None, 0

    def step(self, d, token):
        """One request of the protocol; True when all is acknowledged, None where the connection broke."""
        try:
            return self.talk(d, token)
        except (OSError, http.client.HTTPException):
            self.at = None  # what became of it, HEAD will tell
            return None

    def talk(self, d, token):
        if self.url is None:
            answer = create(d, token, len(self.data), **self.headers)
            if answer.status != 201:
                raise AssertionError(f"creation: {answer}")
            self.url, self.at = answer.headers["Location"], 0
        elif self.at is None:
            answer = head(d, token, self.url)
            if answer.status == 423:
                return None  # the connection before has not ended yet
            if answer.status != 200:
                raise AssertionError(f"an upload with {self.acknowledged} acknowledged bytes is gone: {answer}")
            self.at = offset(answer)
            if self.at < self.acknowledged:
                raise AssertionError(f"{self.acknowledged} bytes were acknowledged, {self.at} are there")
        else:
            answer = patch(d, token, self.url, self.at, self.data[self.at:self.at + self.chunk])
            if answer.status != 204:
                raise AssertionError(f"PATCH at {self.at}: {answer}")
            self.at = self.acknowledged = offset(answer)
        return self.at == len(self.data)
