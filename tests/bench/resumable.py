"""Rows about resumable uploads: against the form, both hashed and durable."""

from servers import MB, Form, Place, expect, load
from table import Row, alternate, median, ratios, row
from house import House
from uploads import ROUNDS, SIZE
import tus  # tests/support

CHUNK = 16 * MB


@row("resumable")
def resumable():
    size = SIZE // 2
    settings = {"upload.max_video_bytes": "2GB", "upload.max_body_bytes": "4GB"}
    with House(**settings) as ours, Place() as folder:
        form = Form(folder)
        head = form.put("video", Form.HEAD.ljust(64))

        def speed(answers):
            return size / MB / sum(a["seconds"] for a in answers)

        def whole():
            return speed([expect(load("send", ours.port, "POST", "/api/v1/upload", ours.bearer, *form.pair(size // 2)), 202)])

        def pieces(chunk):
            url, at, answers = tus.create(ours, ours.token, size).headers["Location"], 0, []
            while at < size:
                n = min(chunk, size - at)
                first = 64 if at == 0 else 0
                parts = (("file", head), ("fill", n - first)) if first else (("fill", n),)
                answers.append(expect(load("send", ours.port, "PATCH", url, ours.bearer, ("header", f"Content-Type: {tus.BYTES}"),
                                           ("header", "Tus-Resumable: 1.0.0"), ("header", f"Upload-Offset: {at}"), *parts), 204))
                at += n
            tus.tus(ours, "DELETE", url, ours.token)
            return speed(answers)

        seen = alternate(ROUNDS, form=whole, one=lambda: pieces(size), many=lambda: pieces(CHUNK))
    for key, name in (("one", "resumable upload, one request"), ("many", "resumable upload, 16 MB a request")):
        r = ratios(seen[key], seen["form"])
        yield Row(name, median(r), "x the form", ">=", 0.9 if key == "one" else 0.75,
                  f"{median(seen[key]):.0f} against {median(seen['form']):.0f} MB/s, both hashed and durable", r)
