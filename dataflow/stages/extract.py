"""A page to its document: charset, main text, title, date, licence, and whether the page asks to be left alone."""

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from crossthink.dataflow.page.blocks import read_blocks
from crossthink.dataflow.page.head import linked_data, meta_tags, published_on, title_of
from crossthink.dataflow.page.licence import UNKNOWN, licence_of
from crossthink.dataflow.page.main_text import main_text
from crossthink.dataflow.page.opt_out import opted_out
from crossthink.dataflow.records import Document, Page
from crossthink.dataflow.stages.stage import Failed, Rejected, StageResult, keep
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5
from selectolax.lexbor import LexborHTMLParser

MAX_TAGS = 150_000
"""Of a page: the tree and the walk over it take some 300 MB and 5 seconds."""
MAX_ATTRIBUTES = 5000
"""Of one tag: the parser's time grows with their square (400,000 take minutes)."""
MAX_OPTIONS = 10_000
"""Of all lists to select from: the parser's time grows with the square of one's length (150,000 take minutes)."""
MAX_DEPTH = 2000
"""Of nested elements: the parser's time grows with the square of the depth (100,000 take minutes)."""
MAX_UNREADABLE = 0.05
"""Share of characters that are no text, from which on a page is none."""
_FEW_DAMAGED = 0.1
"""Of a page's characters outside of ASCII, those that may be broken in a page that is still UTF-8."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OWN_CHARSET = re.compile(rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})",
                          re.IGNORECASE)
_WIDER = {"shift_jis": "cp932", "euc_kr": "cp949", "gbk": "gb18030", "big5": "big5hkscs", "iso8859-11": "cp874"}
"""What the web writes under these names (WHATWG's standard of encodings) is more than Python's codecs of them read."""
_OPTION = re.compile(rb"<option", re.IGNORECASE)
_ATTRIBUTE = r"[\s/]*+(?:[^\s\"'>/=]++|[\"'=])(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"']*+))?"
_TAG = re.compile(rf"<(/?)([a-zA-Z][a-zA-Z0-9:-]{{0,40}})((?:{_ATTRIBUTE})*+[\s/]*+)".encode())
"""With its attributes, since what looks like an end tag in one of them ends nothing."""
_SHORT_TAGS = re.compile(rf"(?:[^<]++|<(?![a-zA-Z])|<[a-zA-Z][^\s/>]*+(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+"
                         rf"(?!{_ATTRIBUTE}))*+".encode())
"""As much of a page as has no tag with more attributes; what a tag holds is read once, however many "<" stand in it."""
_FLAT = frozenset(b"area base br col embed hr img input link meta param source track wbr p li dt dd tr td th tbody "
                  b"thead tfoot option colgroup html head body script style".split())
"""Elements that hold nothing, or that the next of their kind ends."""
_DRAWING = frozenset(b"svg g path circle ellipse line polygon polyline rect use image defs symbol title desc stop "
                     b"lineargradient radialgradient clippath mask pattern filter text tspan animate".split())
"""Between these a slash at a tag's end closes it; in HTML it says nothing."""
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_KEPT = "\n\u200c\u200d"
"""Beside what is printable: joiners make the words of Persian and the emoji of two. Other signs of format (category Cf:
soft hyphens, marks of direction) have no width and are left out; a blank in their place cuts words in two."""
_LONE_JOINERS = re.compile(r"(?<!\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\S)")
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a page of HTML holds."""

    title: str
    text: str
    published: str
    licence: str
    opt_out: str
    """What the page opts out by; "" where it does not."""


def extract(page: Page, opt_out: str) -> StageResult:
    """The document of a page; `opt_out` is the recipe's, "respect" or "ignore"."""
    text = decode(page.body, page.charset if page.is_html else "utf-8")
    unreadable = len(_UNREADABLE.findall(text))
    if unreadable > MAX_UNREADABLE * len(text):
        return Rejected("no_readable_text", f"{unreadable} of {len(text)} characters are none of a text")
    found = Content(title="", text=text, published="", licence=UNKNOWN, opt_out=opted_out(
        {}, page.robots, page.tdm_reservation))
    if page.is_html:
        markup = text.encode("utf-8", "replace")  # what the parser reads: the body may be UTF-16
        tags = markup.count(b"<")
        if tags > MAX_TAGS:
            return Failed("too_many_tags", f"{page.id}: more than {MAX_TAGS} tags")
        if len(_OPTION.findall(markup)) > MAX_OPTIONS:
            return Failed("too_many_options", f"{page.id}: more than {MAX_OPTIONS} options to select")
        if has_endless_tag(markup):
            return Failed("too_many_attributes", f"{page.id}: a tag with more than {MAX_ATTRIBUTES} attributes")
        if tags > MAX_DEPTH and depth(markup) > MAX_DEPTH:
            return Failed("nested_too_deep", f"{page.id}: more than {MAX_DEPTH} nested elements")
        found = content(text, page.url, page.robots, page.tdm_reservation)
    if found.opt_out and opt_out == "respect":
        return Rejected("opted_out", found.opt_out)
    text = tidy(found.text)
    if not text:
        return Rejected("no_text")
    return keep(Document(id=page.id, url=page.url, crawl_date=page.crawl_date, warc_file=page.warc_file,
                         warc_offset=page.warc_offset, title=tidy(found.title), text=text, language="",
                         published=found.published, licence=found.licence))


def content(html: str, url: str = "", robots: str = "", tdm_reservation: str = "") -> Content:
    """What a page of HTML holds; the last two are its HTTP header's (see opt_out.py)."""
    tree = LexborHTMLParser(html)
    meta, data = meta_tags(tree), linked_data(tree)
    title, licence = title_of(tree, meta), licence_of(tree, meta, data)
    published = published_on(tree, meta, data, url)
    return Content(title=title, text=main_text(read_blocks(tree)), published=published, licence=licence,
                   opt_out=opted_out(meta, robots, tdm_reservation))


def decode(body: bytes, declared: str) -> str:
    """The body as text: by its byte order mark, else the first of server's charset, page's own and UTF-8 that fits.

    A charset fits where it reads every byte; UTF-8 also where hardly any of what is not ASCII is broken. Where none
    does, the charset is guessed from the bytes, and what it cannot read is replaced.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, "replace")
    own = _OWN_CHARSET.search(body[:4096])
    for name in (declared, own[1].decode("ascii") if own else "", "utf-8"):
        if not name:
            continue
        charset = _codec(name, body)
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            text = body.decode(charset, "replace")
            if charset == "utf-8" and text.count("\ufffd") < _FEW_DAMAGED * sum(not c.isascii() for c in text):
                return text
        except LookupError:
            continue
    try:
        return body.decode(detect_encoding(body) or "cp1252", "replace")
    except LookupError:
        return body.decode("cp1252", "replace")


def _codec(name: str, body: bytes) -> str:
    """Python's codec for a charset by the name that server or page give it."""
    charset = map_encoding_to_html5(name) or "utf-8"
    if charset.startswith("utf-16") and b"\0" not in body[:4096]:
        return "utf-8"  # a page that can say it in ASCII is none: editors leave "unicode" in their templates
    if charset == "cp1252" and not body.isascii() and _is_utf8(body):
        return "utf-8"  # what servers say of every page; nobody's Latin-1 reads as UTF-8 by chance
    return _WIDER.get(charset, charset)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def has_endless_tag(markup: bytes) -> bool:
    """Whether a tag has more than MAX_ATTRIBUTES."""
    return _SHORT_TAGS.fullmatch(markup) is None


def depth(markup: bytes) -> int:
    """The deepest nesting of elements that nest, counted from the tags; an end tag of what is not open ends nothing."""
    deepest = level = 0
    opened: Counter[bytes] = Counter()
    in_drawing = False
    for tag in _TAG.finditer(markup):
        name = tag[2].lower()
        in_drawing = name == b"svg" or (in_drawing and name in _DRAWING)
        if name in _FLAT or (in_drawing and tag[3].endswith((b'"/', b"'/", b" /"))):
            continue
        if not tag[1]:
            opened[name] += 1
            level += 1
            deepest = max(deepest, level)
        elif opened[name]:
            opened[name] -= 1
            level -= 1
    return deepest


def tidy(text: str) -> str:
    """Lines without blanks at their ends, single blanks, at most one empty line, no control characters."""
    text = "".join(c if c.isprintable() or c in _KEPT else "" if unicodedata.category(c) == "Cf" else " "
                   for c in text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _LONE_JOINERS.sub("", text)
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
