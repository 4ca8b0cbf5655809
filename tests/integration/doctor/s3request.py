"""One signed request to an S3 server (Signature Version 4): what a test does to a bucket behind gaitd's back."""

import datetime
import hashlib
import hmac
import http.client
import urllib.parse


def s3_request(endpoint, access, secret, method, path, query="", body=b""):
    """@query as "policy=" or "". Returns (status, body)."""
    at = urllib.parse.urlsplit(endpoint)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    sums = hashlib.sha256(body).hexdigest()
    headers = {"host": at.netloc, "x-amz-content-sha256": sums, "x-amz-date": now}
    names = ";".join(sorted(headers))
    canonical = "\n".join([method, path, query, *(f"{k}:{headers[k]}" for k in sorted(headers)), "", names, sums])
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}"
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    try:
        connection.request(method, path + (f"?{query}" if query else ""), body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
