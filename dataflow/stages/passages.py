"""Documents cut into passages: runs of whole sentences, each with its place in the document's text."""

import hashlib
import re

from crossthink.dataflow.records import Document
from crossthink.dataflow.stages.privacy import count
from crossthink.dataflow.stages.stage import Rejected, StageResult, keep

from crossthink.schema import Passage

MIN_WORDS = 20
"""Shorter passages say too little to ask about."""
_ABBREVIATIONS = frozenset(("mr", "mrs", "ms", "dr", "prof", "st", "no", "vs", "etc", "fig", "e.g", "i.e", "cf", "jr",
                            "sr", "vol", "approx", "inc", "ltd", "u.s", "u.k"))
_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s|$)")
_BLANKS = re.compile(r"\s*")
_LONGEST_WORD = 40
"""Characters before a sentence's end that are looked at: all of a line for each of its sentences takes its square."""
Span = tuple[int, int]


def sentences(text: str) -> list[Span]:
    """Spans of the sentences, in order; a line ends a sentence, whatever its last character is."""
    spans: list[Span] = []
    for line in re.finditer(r"[^\n]+", text):
        start = line.start()
        for end in _END.finditer(text, line.start(), line.end()):
            after = _BLANKS.match(text, end.end(), line.end()).end()  # type: ignore[union-attr]  # matches no blank, too
            word = text[max(start, end.start() - _LONGEST_WORD):end.start()].rsplit(None, 1)[-1:] or [""]
            last = word[0].casefold().strip("(\"'“‘")
            is_short = end[0].startswith(".") and (last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha()))
            if after < line.end() and (is_short or text[after].islower()):
                continue
            spans.append((start, end.end()))
            start = after
        if text[start:line.end()].strip():
            spans.append((start, line.end()))
    return spans


def passage_spans(text: str, max_words: int, limit: int) -> list[Span]:
    """Spans of the first `limit` passages: as many whole sentences as `max_words` allow."""
    spans: list[Span] = []
    current: list[Span] = []
    words = 0
    for start, end in [*sentences(text), (-1, -1)]:
        count = len(text[start:end].split()) if start >= 0 else max_words + 1
        if current and words + count > max_words:
            if words >= MIN_WORDS:
                spans.append((current[0][0], current[-1][1]))
            current, words = [], 0
        if 0 < count <= max_words:
            current.append((start, end))
            words += count
    return spans[:limit]


def cut(document: Document, max_words: int, limit: int) -> StageResult:
    """The passages of a document; their domain is found later."""
    spans = passage_spans(document.text, max_words, limit)
    if not spans:
        return Rejected("no_passage", f"no run of whole sentences with {MIN_WORDS} to {max_words} words")
    return keep(*(passage_of(document, span) for span in spans))


def passage_of(document: Document, span: Span) -> Passage:
    """The passage of a span. Its id says which text it is, of which page."""
    start, end = span
    text = document.text[start:end]
    key = f"{document.warc_file}\x1f{document.id}\x1f{start}\x1f{end}\x1f{text}".encode("utf-8", "surrogatepass")
    return Passage(id=hashlib.blake2b(key, digest_size=16).hexdigest(), url=document.url, title=document.title,
                   text=text, language=document.language, domain="", crawl_date=document.crawl_date,
                   warc_file=document.warc_file, warc_offset=document.warc_offset, page_id=document.id,
                   span_start=start, span_end=end, published=document.published, licence=document.licence,
                   masked=count(text))
