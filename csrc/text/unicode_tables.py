"""Writes the Unicode tables of the text core as C++: python unicode_tables.py unicode_tables.inc

The build runs it with the interpreter that the module is for, so that words are read by the same version of Unicode as
`str.casefold` and `unicodedata` there. What the columns mean stands in unicode.h.
"""

import sys
import unicodedata
from collections.abc import Iterable, Iterator

PAGE = 128
"""Code points of one page of the two-stage table."""
HANGUL = range(0xAC00, 0xD7A4)
"""Syllables: decomposed and composed by arithmetic (Unicode 3.12)."""
JAMO_SECOND = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))
OPERATORS = "+-*/=<>^%×÷·±√≤≥≠∞"
SIGNS = {"−": "-", "–": "-", "⁄": "/"}
"""What is written for a minus, and is one where numbers are concerned; and the stroke of a fraction."""
UNSPACED = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "IDEOGRAPHIC", "HIRAGANA", "HENTAIGANA", "KATAKANA", "THAI",
            "LAO", "KHMER", "MYANMAR")
"""Scripts that put no spaces between words, as the names of their characters begin."""
NONE, WORD, DIGIT, OPERATOR, UNSPACED_LETTER = range(5)
Row = tuple[int, int, int, str, str]


def compositions() -> dict[str, str]:
    """Pairs of characters to the one that canonical composition puts in their place, Hangul apart."""
    found = {}
    for point in range(sys.maxunicode + 1):
        pair = unicodedata.decomposition(chr(point)).split()
        if len(pair) == 2 and not pair[0].startswith("<"):
            text = chr(int(pair[0], 16)) + chr(int(pair[1], 16))
            if unicodedata.normalize("NFC", text) == chr(point):
                found[text] = chr(point)
    return found


def kind_of(char: str) -> int:
    """As Python's regular expressions see it: \\d is a digit, \\w without the digits a word character; those of
    scripts without spaces are apart."""
    if char.isdecimal():
        return DIGIT
    if char.isalnum() or char == "_":
        return UNSPACED_LETTER if unicodedata.name(char, "").startswith(UNSPACED) else WORD
    return OPERATOR if char in OPERATORS else NONE


def rows(seconds: set[str]) -> Iterator[Row]:
    """(kind, combining class, inert, decomposition, fold) of every code point; "" stands for the character itself."""
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        if 0xD800 <= point < 0xE000:
            yield NONE, 0, 1, "", ""
            continue
        whole = unicodedata.normalize("NFKD", char)
        inert = (unicodedata.normalize("NFKC", char) == char and not unicodedata.combining(whole[0])
                 and whole[0] not in seconds and char not in seconds)
        fold = "".join(SIGNS.get(folded, folded) for folded in char.casefold())
        yield (kind_of(char), unicodedata.combining(char), int(inert),
               "" if whole == char or point in HANGUL else whole, "" if fold == char else fold)


def array(kind: str, name: str, values: Iterable[object]) -> str:
    """One constant array."""
    return f"constexpr {kind} {name}[] = {{{','.join(map(str, values))}}};\n"


def main(path: str) -> None:
    """Write the tables."""
    pairs = compositions()
    known: dict[Row, int] = {}
    seconds = {pair[1] for pair in pairs} | set(map(chr, JAMO_SECOND))
    numbers = [known.setdefault(row, len(known)) for row in rows(seconds)]
    assert len(known) < 2**16
    pages: dict[tuple[int, ...], int] = {}
    firsts = [pages.setdefault(tuple(numbers[start:start + PAGE]), len(pages))
              for start in range(0, len(numbers), PAGE)]
    pool, records = [], []
    for kind, combining, inert, decomposition, fold in known:
        records.append(f"{{Kind{{{kind}}},{combining},{inert},{len(decomposition)},{len(fold)},{len(pool)}}}")
        pool += [ord(char) for char in decomposition + fold]
    with open(path, "w", encoding="ascii") as out:
        out.write(f"// Unicode {unicodedata.unidata_version}, written by unicode_tables.py.\n")
        out.write(array("uint16_t", "kPages", firsts))
        out.write(array("uint16_t", "kRecords", (number for page in pages for number in page)))
        out.write(array("CodePoint", "kCodePoints", records))
        out.write(array("char32_t", "kPool", pool))
        out.write(array("Composition", "kCompositions", (
            f"{{0x{ord(pair[0]) << 32 | ord(pair[1]):x}ull,{ord(whole)}}}"
            for pair, whole in sorted(pairs.items(), key=lambda item: (ord(item[0][0]), ord(item[0][1]))))))


if __name__ == "__main__":
    main(sys.argv[1])
