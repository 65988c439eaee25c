"""What a WARC record holds for us: a page of HTML, a page of text (WET), or something that is no page."""

import re
import zlib
from codecs import BOM_UTF8

import pyarrow as pa
from crossthink.dataflow.records import Fault, Page, WarcRecord
from crossthink.dataflow.sources.warc import MAX_RECORD, parse_header
from crossthink.dataflow.stages.stage import Failed, Rejected, StageResult, keep

_ROBOTS = re.compile(rb"^x-robots-tag:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_GZIP = b"\x1f\x8b"
_NONE = ("", "identity", "none", "binary", "utf-8", "utf8")
"""What servers write as Content-Encoding of a body that has none."""
_CODECS = {"br": "brotli", "zstd": "zstd"}
"""Encodings that Arrow reads, by its names."""
_HTML = ("text/html", "application/xhtml+xml")


def to_page(record: WarcRecord | Fault) -> StageResult:
    """The page of a `response` (HTML answered with status 200), `resource` (HTML) or `conversion` (WET text) record."""
    if isinstance(record, Fault):
        return Failed(record.reason, record.evidence)
    if record.type == "conversion":
        return _page(record, record.content_type or "text/plain", record.block)
    if record.type == "resource":
        return _page(record, record.content_type, record.block)
    kind = record.content_type.lower()
    if record.type == "response" and (not kind or kind.startswith("application/http")):
        return _response(record)
    return Rejected("not_a_page", f"WARC-Type {record.type}" + f", {kind}" * (record.type == "response"))


def _response(record: WarcRecord) -> StageResult:
    ends = [(record.block.find(end), len(end)) for end in (b"\r\n\r\n", b"\n\n")]
    place, size = min((end for end in ends if end[0] >= 0), default=(-1, 0))
    status = record.block[:64].split(b" ", 2)
    if place < 0 or not status[0].startswith(b"HTTP/") or len(status) < 2:
        return Failed("no_http", f"{record.file}, offset {record.offset}: the block is no HTTP answer")
    if status[1][:3] != b"200":
        return Rejected("http_status", status[1][:3].decode("ascii", "replace"))
    head = parse_header(record.block[:place])
    body = record.block[place + size:]
    transfer = [coding.strip() for coding in head.get("transfer-encoding", "").lower().split(",")]
    encodings = [head.get("content-encoding", "").lower(), *(coding for coding in transfer if coding != "chunked")]
    try:
        if "chunked" in transfer:
            body = join_chunks(body)
        body = decompress(body, ",".join(encodings))
    except (ValueError, OSError, zlib.error) as error:
        return Failed("http_encoding", f"{record.file}, offset {record.offset}: {error}")
    return _page(record, head.get("content-type", ""), body, robots=robots_tags(record.block[:place]),
                 tdm_reservation=head.get("tdm-reservation", ""))


def _page(record: WarcRecord, content_type: str, body: bytes, *, robots: str = "",
          tdm_reservation: str = "") -> StageResult:
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    is_html = kind in _HTML
    if not is_html and not (record.type == "conversion" and kind == "text/plain"):
        return Rejected("not_html", kind)
    if not body.strip():
        return Rejected("empty_page")
    _, _, charset = parameters.lower().partition("charset=")
    return keep(Page(id=record.id, url=record.url, crawl_date=record.date, warc_file=record.file,
                     warc_offset=record.offset, is_html=is_html, charset=charset.split(";")[0].strip(" \"'"),
                     body=body, robots=robots, tdm_reservation=tdm_reservation))


def robots_tags(head: bytes) -> str:
    """The values of all X-Robots-Tag fields of an HTTP header, one a line."""
    return "\n".join(value.decode("utf-8", "replace").strip() for value in _ROBOTS.findall(head))


def join_chunks(body: bytes) -> bytes:
    """The body of a chunked answer. One that does not begin with a chunk was joined by the crawler and stays."""
    parts: list[bytes] = []
    place = 0
    while True:
        end = body.find(b"\r\n", place)
        digits = body[place:end].split(b";")[0].strip() if end >= 0 else b""
        if not digits or any(digit not in b"0123456789abcdefABCDEF" for digit in digits) or len(digits) > 8:
            if not parts:
                return body
            raise ValueError(f"chunk {len(parts)} has no length")
        size = int(digits, 16)
        if size == 0:
            return b"".join(parts)
        if end + 2 + size > len(body):
            raise ValueError(f"chunk {len(parts)} is cut off")
        parts.append(body[end + 2:end + 2 + size])
        place = end + 2 + size + 2


def decompress(body: bytes, encodings: str, limit: int = MAX_RECORD) -> bytes:
    """The body without its Content-Encodings; one that crawlers have already removed is let pass.

    Raises ValueError, OSError or zlib.error for an encoding we cannot read and for more than `limit` bytes.
    """
    for encoding in reversed(encodings.split(",")):
        body = _open(body, encoding.strip(), limit)
        if len(body) > limit:
            raise ValueError(f"the page inflates to more than {limit} bytes")
    return body


def _open(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without one encoding, at most `limit` + 1 bytes of it where there was one."""
    if not body or encoding in _NONE or body.removeprefix(BOM_UTF8).lstrip()[:1] == b"<":
        return body
    if encoding in ("gzip", "x-gzip"):
        return _gunzip(body, limit) if body.startswith(_GZIP) else body
    if encoding == "deflate":  # RFC 9110 means zlib's form, which begins with a check of 31; some send the bare one
        has_head = body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
        return _inflate(zlib.decompressobj(zlib.MAX_WBITS if has_head else -zlib.MAX_WBITS), body, limit)
    if encoding in _CODECS:
        return bytes(pa.CompressedInputStream(pa.BufferReader(body), _CODECS[encoding]).read(limit + 1))
    raise ValueError(f"Content-Encoding {encoding} is not read here")


def _gunzip(body: bytes, limit: int) -> bytes:
    text = b""
    while body.startswith(_GZIP) and len(text) <= limit:
        member = zlib.decompressobj(31)
        text += _inflate(member, body, limit - len(text))
        body = member.unused_data
    return text


def _inflate(stream: "zlib._Decompress", body: bytes, limit: int) -> bytes:
    """At most `limit` + 1 bytes; a stream that ends before its end is a page cut off."""
    text = stream.decompress(body, limit + 1)
    if not stream.eof and len(text) <= limit:
        raise ValueError("the compressed body is cut off")
    return text
