"""From a page to its passages: charset, text, language, quality, sentences."""

import time

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from crossthink.dataflow.records import Document, Page
from crossthink.dataflow.stages.extract import decode, depth, extract, tidy
from crossthink.dataflow.stages.language import identify, language_of
from crossthink.dataflow.stages.passages import cut, passage_spans, sentences
from crossthink.dataflow.stages.quality import broken_rule
from crossthink.dataflow.stages.stage import Failed, Kept, Rejected


def page(body: bytes, charset: str = "", is_html: bool = True) -> Page:
    return Page(id="f@0", url="u", crawl_date="d", warc_file="f", warc_offset=0, is_html=is_html, charset=charset,
                body=body)


def document(text: str) -> Document:
    return Document(id="f@0", url="u", crawl_date="d", warc_file="f", warc_offset=0, title="t", text=text,
                    language="en")


@pytest.mark.parametrize(("text", "real", "declared", "meta"), [
    ("Привет, мир", "windows-1251", "windows-1251", ""),
    ("中文网页", "gb2312", "", "gb2312"),
    ("naïve café", "utf-8", "latin-9-nonsense", ""),
    ("naïve café", "utf-8", "", ""),
    ("Zoé – “Brückner”", "cp1252", "utf-8", "utf-8"),  # declared wrongly: no UTF-8 at all
    ("Zoé – “Brückner”", "cp1252", "iso-8859-1", ""),  # the web's Latin-1 is Windows'
    ("naïve café", "utf-8", "iso-8859-1", "utf-8"),    # what Apache said of every page
    ("my naïve café", "utf-8", "", "utf-16"),          # a page that says so in ASCII is no UTF-16
    ("naïve café", "utf-16-le", "utf-16", ""),
    ("naïve café", "utf-16-be", "utf-16be", ""),
    ("① 株式会社 髙", "cp932", "shift_jis", ""),         # not in the standard's Shift JIS, and on every other page
    ("똠방각하", "cp949", "euc-kr", ""),
])
def test_charsets(text: str, real: str, declared: str, meta: str) -> None:
    head = f'<meta charset="{meta}">' if meta else ""
    body = head + text + " plain words around it, so that there is something to guess from"
    assert text in decode(body.encode(real), declared)


def test_the_charset_of_an_xml_declaration() -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-2"?><p>Zażółć gęślą jaźń'
    assert decode(body.encode("iso-8859-2"), "") == body


def test_a_page_of_text_says_nothing_of_its_charset() -> None:
    """WET is UTF-8, whatever HTML it speaks of."""
    text = "Put <meta charset=koi8-r> into the head, naïve as it is."
    result = extract(page(text.encode(), is_html=False), "respect")
    assert isinstance(result, Kept)
    assert result.records[0].text == text


def test_no_bytes_are_too_broken_to_read() -> None:
    for body in (bytes(range(256)) * 20, b"\xff" * 100, b"<html><p>" + b"\x80\x00" * 50, b"<" * 5000):
        extract(page(body, "utf-16"), "respect")


HTML = b"""<html><head><title> A
 title </title></head><body><nav><a href=/>Home</a> <a href=/a>About us</a></nav><main><h1>Head</h1>
<p>The first paragraph of the text is long enough to count.</p><p>And a <b>second</b> one that follows it.</p></main>
<footer>Imprint and privacy</footer><script>var x = "never shown";</script></body></html>"""


def test_main_text_and_title() -> None:
    result = extract(page(HTML), "respect")
    assert isinstance(result, Kept)
    found = result.records[0]
    assert found.title == "Head"  # its only <h1>
    assert found.text == ("Head\n\nThe first paragraph of the text is long enough to count.\n\n"
                          "And a second one that follows it.")


def test_a_page_without_text_is_rejected_and_one_of_100_000_tags_fails_at_once() -> None:
    assert extract(page(b"<html><body><img src=a></body></html>"), "respect") == Rejected("no_text")
    started = time.monotonic()
    result = extract(page(b"<div>" * 100_000 + b"text"), "respect")
    assert isinstance(result, Failed)
    assert result.reason == "nested_too_deep"
    assert time.monotonic() - started < 2


def test_depth_counts_open_elements() -> None:
    assert depth(b"<div><ul><li>a<b>c</b></ul></div><div></div>") == 3
    assert depth(b"<div></x>" * 3 + b"</div>") == 3  # an end tag of what is not open ends nothing


def test_shapes_of_a_drawing_do_not_nest() -> None:
    assert depth(b"<p><svg><g>" + b'<path d="M0 0"/>' * 3000 + b"</g></svg>") == 2
    assert depth(b"<svg><div>" + b'<g d="0"/>' * 3) == 5  # a <div> ends the drawing, and in HTML the slash is idle


def test_tidy() -> None:
    assert tidy("a\t b \r\n\r\n\r\n\r\nc\x00d\n") == "a b\n\nc d"
    assert tidy("ex\u00adtra\u00ador\u00addi\u00adnary, a\u200bb \u200eleft\u200f to") == "extraordinary, ab left to"
    assert tidy("می\u200cخواهم 👩\u200d🔬 x\u00a0y") == "می\u200cخواهم 👩\u200d🔬 x y"
    assert tidy("one.\u200d\n\u200d\n\u200d two") == "one.\n\ntwo"  # what an editor leaves in empty paragraphs


def test_languages() -> None:
    assert language_of("The harbour lies open to the west, and the boats come in with the tide.") == "en"
    german = document("Auf der kleinen Insel steht seit mehr als hundert Jahren ein Leuchtturm aus hellem Granit.")
    assert identify(german, ("en",)) == Rejected("other_language", "de")
    result = identify(german, ("en", "de"))
    assert isinstance(result, Kept)
    assert result.records[0].language == "de"


PROSE = ("The old harbour was built by the people of the town in the year of the great storm. "
         "Its two walls reach far into the bay and have never been broken by waves. "
         "Ships that came from the south used to wait there for better weather. "
         "Today the harbour belongs to fishermen, and visitors walk along the walls with their children. ")
"""59 words."""


@pytest.mark.parametrize(("text", "rule"), [
    (PROSE, None),
    ("Too few words to be a document.", "too_few_words"),
    (PROSE + "Lorem ipsum dolor sit amet.", "lorem_ipsum"),
    (PROSE + "Please enable JavaScript.", "javascript"),
    (PROSE + "# " * 12, "hash_ratio"),                        # 12 of 71 words: 0.169 > 0.1
    ("\n".join("- " + s for s in PROSE.split(". ") * 3), "bullet_lines"),
    ("\n".join(s + "..." for s in PROSE.split(". ") if s), "ellipsis_lines"),
    ("1 2 3 4 " * 20 + PROSE, "word_length"),                 # 59 words of 4.6 letters and 80 of one: 2.5
    (PROSE + "12345 6789 " * 30, "alphabetic_words"),         # 59 of 119 words: 0.496
    (PROSE + "{ a } { b } ", "curly_brackets"),
    (PROSE + "\nA line that comes again.\nA line that comes again.\nA line that comes again.", "repeated_lines"),
    (PROSE + "lamps " * 15, "top_word"),                      # 15 of 74 words: 0.203
])
def test_each_quality_rule(text: str, rule: str | None) -> None:
    found = broken_rule(text, 50)
    assert (found[0] if found else None) == rule, found


def test_sentences_end_where_they_should() -> None:
    text = "Dr. Low came at 3.5 p.m. on foot. “Why?” asked Mr. J. Hart.\nA heading\nIt rained... and rained. End"
    assert [text[a:b] for a, b in sentences(text)] == [
        "Dr. Low came at 3.5 p.m. on foot.", "“Why?” asked Mr. J. Hart.", "A heading", "It rained... and rained.",
        "End"]


def test_a_line_of_a_million_characters_is_cut_at_once() -> None:
    started = time.monotonic()
    assert len(sentences("This is a short one. " * 50_000)) == 50_000
    assert len(sentences("this is a short one. " * 50_000)) == 1
    assert time.monotonic() - started < 10


def test_passages_are_whole_sentences_with_their_place() -> None:
    text = " ".join(f"Word{i} " + "and " * 8 + "end." for i in range(9))  # 9 sentences of 10 words
    spans = passage_spans(text, 30, 9)
    assert [len(text[a:b].split()) for a, b in spans] == [30, 30, 30]
    assert passage_spans(text, 30, 2) == spans[:2]
    # 25 words hold two sentences; the ninth alone is shorter than a passage may be
    assert [len(text[a:b].split()) for a, b in passage_spans(text, 25, 9)] == [20, 20, 20, 20]
    result = cut(document(text), 30, 9)
    assert isinstance(result, Kept)
    for passage in result.records:
        assert text[passage.span_start:passage.span_end] == passage.text
    assert len({passage.id for passage in result.records}) == 3


def test_a_sentence_that_does_not_fit_is_in_no_passage() -> None:
    short = "One two three four five six seven eight nine ten."
    long = "Word " * 40 + "end."
    text = f"{short} {short} {long} {short} {short}"
    assert [text[a:b] for a, b in passage_spans(text, 30, 9)] == [f"{short} {short}"] * 2
    assert cut(document(long), 30, 9) == Rejected("no_passage", "no run of whole sentences with 20 to 30 words")
