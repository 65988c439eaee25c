"""Rows of tables whose bytes are not what they should be."""

import csv
from io import BytesIO

import pytest

from crossthink.rows import rows_of


@pytest.mark.parametrize(("content", "rows"), [
    (b'q,a\nx,1\ny\xe9,2\n"z\n\x00",3\n',
     [{"q": "x", "a": "1"}, "the byte 0xe9 is no UTF-8", {"q": "z\n\0", "a": "3"}]),
    (b"\xef\xbb\xbfq,a\n\xc3\xa9,1\nx,\xff\ny\n",
     [{"q": "\u00e9", "a": "1"}, "the byte 0xff is no UTF-8", {"q": "y", "a": None}]),
])
def test_a_byte_that_is_no_text_costs_a_csv_file_its_row(content: bytes, rows: list[object]) -> None:
    assert list(rows_of(BytesIO(content), "a.csv")) == rows


def test_a_csv_file_in_another_encoding_is_unreadable_as_a_whole() -> None:
    with pytest.raises(csv.Error, match="the byte 0xff is no UTF-8 in the head"):
        list(rows_of(BytesIO("q,a\nx,1\n".encode("utf-16")), "a.csv"))
