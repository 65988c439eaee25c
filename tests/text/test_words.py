"""The words of the C++ core against Python's own Unicode and regular expressions."""

import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
import text_reference as reference
from hypothesis import given
from hypothesis import strategies as st

from crossthink import _core


def test_words_by_hand() -> None:
    assert _core.words("Is 3.5 − 2 > 1,000?  “YES”, $x$!") == ["is", "3.5", "-", "2", ">", "1000", "yes", "x"]
    assert _core.words("3rd x2 1.2.3, 4. 5,,6 a_b 1914–1918") == [
        "3", "rd", "x2", "1.2.3", "4", "5", "6", "a_b", "1914", "-", "1918"]
    assert _core.words("") == _core.words(" \n…?") == []
    # ﬁ, ½ and Å (the unit) by NFKC; ß, ſ and İ by case folding, whose dot then separates; a mark joins its letter
    assert _core.words("ﬁne ½ Å STRAßE ſo İx E\u0301te\u0301") == [
        "fine", "1", "/", "2", "å", "strasse", "so", "i", "x", "été"]
    # a superscript is no digit of the number before it; a soft hyphen, a joiner and a mark of direction are nothing
    assert _core.words("10² 2x³⁻ⁿ 10^2 pho\u00adto\u200b \u202bla\u200dw\u202c") == [
        "10", "^", "2", "2", "x", "^", "3", "-", "n", "10", "^", "2", "photo", "law"]
    # scripts without spaces: each letter by itself, digits and Latin letters among them as ever; Thai's marks separate
    assert _core.words("光合作用のATP量は3.5mol。ｱｰ น้ำ") == [
        "光", "合", "作", "用", "の", "atp", "量", "は", "3.5", "mol", "ア", "ー", "น", "า"]
    # 각 from its three letters, and from a syllable and its tail
    assert _core.words("\u1100\u1161\u11a8 \uac00\u11a8") == ["각", "각"]


@pytest.mark.parametrize(("text", "words"), [
    ("12,000 12{,}000 12,\\!000 12000", ["12000"] * 4),
    ("1,234,567.25; $1,200.", ["1234567.25", "1200"]),
    ("1,2,3 12,00 1234,567 0,125 1,000,5 1.5,000", ["1,2,3", "12,00", "1234,567", "0,125", "1,000,5", "1.5,000"]),
    ("12{,}00 x1,000 1,\\!0000", ["12", "00", "x1", "000", "1", "0000"]),
])
def test_what_separates_thousands_is_left_out(text: str, words: list[str]) -> None:
    assert _core.words(text) == reference.words(text) == words


def test_a_fraction_in_one_character_is_its_number_and_not_part_of_the_one_before() -> None:
    assert _core.words("1½ 1\u00ad½ 1 1/2 1⁄2 x½") == [
        "1", "1", "/", "2", "1", "1", "/", "2", "1", "1", "/", "2", "1", "/", "2", "x1", "/", "2"]


def test_every_code_point_alone_and_with_neighbours() -> None:
    points = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    for form in ("{}", "A{}", "x{}\u0301\u0323", "{}\u1161\u11a8", "{}3"):
        text = " ; ".join(form.format(point) if form != "{}" else point for point in points)
        assert _core.words(text) == reference.words(text), form


MARKS = [chr(point) for point in range(0x300, 0x370)] + list("\u0591\u05b0\u0f71\u0f72\u3099\u1dce")
TRICKY = st.text(st.sampled_from([*MARKS, *"aAeEiIkKsS019.,;{}\\!-−–_ \n\u00a0ﬁ½⅟²①ΣςßİıſÅÅéǖự각"
                                  "\u1100\u1161\u11a8\uac00\u00ad\u200d\u202e\ufeff\u1160\uffa0³⁻ⁿ"
                                  "\u0958\u2126\u212b\ufb2c\u1e9e\u0344\u0f73\u0f43नि٣٤中文🙂\ufffd"
                                  "の한ー〇น้๑"]), max_size=24)


@given(TRICKY | st.text(max_size=40))
def test_any_text_as_python_has_it(text: str) -> None:
    assert _core.words(text) == reference.words(text)


@given(st.lists(st.sampled_from(["1", "12", "0", "000", "345", ",", "{,}", ",\\!", ".", " ", "x", "٣"]),
                max_size=12).map("".join))
def test_any_number_as_python_has_it(text: str) -> None:
    assert _core.words(text) == reference.words(text)


@given(st.binary(max_size=30) | st.lists(st.sampled_from(
    [b"a", b"\xc3\xa9", b"\xc3", b"\xa9", b"\xe2\x82", b"\xf0\x9f\x99\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xc0\x80",
     b"\xf4\x90\x80\x80", b"\xff", b"\xcc\x81", b"1", b"."]), max_size=12).map(b"".join))
def test_bytes_that_are_no_utf8_separate(data: bytes) -> None:
    words = reference.words(data.decode("utf-8", "replace"))
    assert _core.text_hashes(pa.array([data])).tolist() == [reference.run_hash(words) if words else 0]


def test_lone_surrogates_separate() -> None:
    assert _core.words("a\ud800b \udfff") == ["a", "b"]
    assert _core.text_hashes(["a\ud800b"]).tolist() == [reference.run_hash(["a", "b"])]


def test_a_long_run_of_marks_is_put_in_order() -> None:
    # 200,000 marks on one letter: order by class, then composition; a square time would not end
    text = "q" + "\u0323\u0301" * 100_000 + "w"
    assert _core.words(text) == reference.words(text)
    assert unicodedata.normalize("NFKC", "a\u0301\u0323") == "ạ\u0301"
    assert _core.words("a\u0301\u0323b") == ["ạ", "b"]


@pytest.mark.parametrize("length", [1, 7, 8, 9, 16, 17, 1000])
def test_hashes_of_words_of_any_length(length: int) -> None:
    word = ("abcdefghijklmnopq" * 60)[:length]
    assert _core.text_hashes([word]).tolist() == [reference.run_hash([word])]


def test_hashes_by_hand() -> None:
    # one byte, "a" = 0x61: mix(1 * 0x9E3779B97F4A7C13 ^ 0x61), and mixed again as a run of one word
    assert _core.text_hashes(["a", "A", ""]).tolist() == [13373080970233887659, 13373080970233887659, 0]
    assert len(set(_core.text_hashes(["a b", "b a", "ab", "a b a", "a"]).tolist())) == 5


@given(st.lists(TRICKY | st.sampled_from([" ", "  \u0301", "\n", "1,", "000", "{,}000", ",\\!000", "½", "?!" * 40,
                                            "word" * 20]), max_size=40),
       st.integers(1, 9))
def test_texts_with_too_many_words_are_told_off(parts: list[str], below: int) -> None:
    text = "".join(parts)
    words = reference.words(text)
    expected = reference.run_hash(words) if 0 < len(words) < below else 0
    assert _core.text_hashes([text], below).tolist() == [expected]
    with pytest.raises(ValueError, match="below must be at least 1, got 0"):
        _core.text_hashes([text], 0)


@given(st.lists(st.sampled_from(["ab", "c", "1.5", "é", "ein", "sehrlangeswort"]), max_size=12), st.integers(1, 6))
def test_shingles_as_the_definition_has_them(words: list[str], size: int) -> None:
    text = " ".join(words)
    values, offsets = _core.shingles([text, "", text], size)
    expected = reference.shingles(text, size)
    assert values.tolist() == expected * 2
    assert offsets.tolist() == [0, len(expected), len(expected), 2 * len(expected)]


def test_shared_pairs_equal_values_off() -> None:
    first, second = np.array([1, 2, 2, 2, 5], np.uint64), np.array([2, 2, 3, 5, 2**64 - 1], np.uint64)
    assert _core.shared(first, second) == 3  # 2, 2 and 5
    assert _core.shared(first[:0], second) == 0
    with pytest.raises(ValueError, match="second must be ascending"):
        _core.shared(first, second[::-1].copy())


def test_a_size_of_no_words_is_refused() -> None:
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        _core.shingles(["a"], 0)
