"""Write WARC/1.0 files (ISO 28500): one gzip member a record, the same bytes every time."""

import base64
import hashlib
import uuid
import zlib

DATE = "2026-01-15T06:00:00Z"
"""Of every record: the crawl is made, not fetched, and its bytes must not depend on the day."""


def info_record(file_name: str, fields: dict[str, str]) -> bytes:
    """The `warcinfo` record that opens a file, as one gzip member."""
    block = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    return _member("warcinfo", file_name, block, {"WARC-Filename": file_name,
                                                  "Content-Type": "application/warc-fields"})


def response_record(url: str, content_type: str, payload: bytes) -> bytes:
    """A `response` record: the server's HTTP/1.1 answer 200 with `payload` as its body, as one gzip member."""
    http = (f"HTTP/1.1 200 OK\r\nServer: httpd\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n").encode("ascii")
    return _member("response", url, http + payload, {"WARC-Target-URI": url, "WARC-Payload-Digest": _sha1(payload),
                                                     "Content-Type": "application/http; msgtype=response"})


def _member(kind: str, name: str, block: bytes, fields: dict[str, str]) -> bytes:
    head = {"WARC-Type": kind, "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}>",
            "WARC-Date": DATE, **fields, "WARC-Block-Digest": _sha1(block), "Content-Length": str(len(block))}
    text = "WARC/1.0\r\n" + "".join(f"{key}: {value}\r\n" for key, value in head.items()) + "\r\n"
    # zlib writes the gzip header itself (wbits 31): time 0 in every version of Python, which gzip.compress is not.
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    return deflate.compress(text.encode() + block + b"\r\n\r\n") + deflate.flush()


def _sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()
