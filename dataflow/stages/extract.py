"""A page's main text and title, without menus, banners and footers (resiliparse), in whatever charset it came."""

import re

from crossthink.dataflow.records import Document, Page
from crossthink.dataflow.stages.stage import Failed, Rejected, StageResult, keep
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5
from resiliparse.parse.html import HTMLTree

MAX_DEPTH = 2000
"""Of nested elements: the parser's time grows with the square of the depth (100,000 take minutes)."""
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_NESTING = re.compile(rb"<(/?)(?:div|span|section|article|table|ul|ol|dl|b|i|em|strong|font|center|blockquote|a)\b",
                      re.IGNORECASE)
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def extract(page: Page) -> StageResult:
    """The document of a page."""
    text = decode(page.body, page.charset)
    title = ""
    if page.is_html:
        if depth(page.body) > MAX_DEPTH:
            return Failed("nested_too_deep", f"{page.id}: more than {MAX_DEPTH} nested elements")
        tree = HTMLTree.parse(text)
        title = _BLANKS.sub(" ", (tree.title or "").replace("\n", " ")).strip()
        text = extract_plain_text(tree, main_content=True, alt_texts=False, links=False, form_fields=False)
    text = tidy(text)
    if not text:
        return Rejected("no_text")
    return keep(Document(id=page.id, url=page.url, crawl_date=page.crawl_date, warc_file=page.warc_file,
                         warc_offset=page.warc_offset, title=title, text=text, language=""))


def decode(body: bytes, declared: str) -> str:
    """The body as text: by the first of server's charset, page's own charset and UTF-8 that reads every byte.

    Where none does, the charset is guessed from the bytes, and what it cannot read is replaced.
    """
    own = _META_CHARSET.search(body[:4096])
    for name in (declared, own[1].decode("ascii") if own else "", "utf-8"):
        if name:
            try:
                return body.decode(map_encoding_to_html5(name) or name)
            except (UnicodeDecodeError, LookupError):
                continue
    try:
        return body.decode(detect_encoding(body) or "cp1252", "replace")
    except LookupError:
        return body.decode("cp1252", "replace")


def depth(body: bytes) -> int:
    """The deepest nesting of elements that nest, counted from the tags."""
    deepest = level = 0
    for tag in _NESTING.finditer(body):
        level = max(0, level - 1) if tag[1] else level + 1
        deepest = max(deepest, level)
    return deepest


def tidy(text: str) -> str:
    """Lines without blanks at their ends, single blanks, at most one empty line, no control characters."""
    text = "".join(c if c == "\n" or c.isprintable() else " " for c in text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
