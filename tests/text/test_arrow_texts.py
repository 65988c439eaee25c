"""Texts as the C++ core takes them: Arrow arrays of every layout, read where they lie, and lists of str."""

import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from crossthink import _core

TEXTS = ["The first text", None, "", "zweiter Text, größer", "a", "x" * 50]
EXPECTED = [int(_core.text_hashes([text or ""])[0]) for text in TEXTS]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_arrow_arrays_of_every_string_type(kind: pa.DataType) -> None:
    array = pa.array(TEXTS, pa.string()).cast(kind)
    assert _core.text_hashes(array).tolist() == EXPECTED
    assert _core.text_hashes(array[2:5]).tolist() == EXPECTED[2:5]  # an offset into the buffers
    assert _core.text_hashes(array[1:2]).tolist() == [0]
    chunks = pa.chunked_array([array[:2], array[2:2], array[2:]])
    assert _core.text_hashes(chunks).tolist() == EXPECTED
    assert _core.text_hashes(pa.chunked_array([], kind)).tolist() == []
    assert _core.text_hashes(pa.array([], kind)).tolist() == []
    assert _core.text_hashes(pa.array([None, None], kind)).tolist() == [0, 0]


def test_nulls_behind_an_offset_that_is_no_multiple_of_eight() -> None:
    array = pa.array([None if i % 3 == 0 else f"w{i}" for i in range(40)])[13:]
    expected = [0 if i % 3 == 0 else int(_core.text_hashes([f"w{i}"])[0]) for i in range(13, 40)]
    assert _core.text_hashes(array).tolist() == expected


def test_a_null_with_bytes_behind_it_is_a_text_without_words() -> None:
    hidden = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b"\x02"), pa.py_buffer(
        np.array([0, 3, 5], np.int32)), pa.py_buffer(b"abcde")])
    assert hidden.to_pylist() == [None, "de"]
    assert _core.text_hashes(hidden).tolist() == [0, int(_core.text_hashes(["de"])[0])]


@pytest.mark.parametrize("offsets", [[0, 3, 1, 3], [0, -1, 2, 3]])
def test_damaged_offsets_are_refused(offsets: list[int]) -> None:
    damaged = pa.Array.from_buffers(pa.string(), 3, [None, pa.py_buffer(np.array(offsets, np.int32)),
                                                     pa.py_buffer(b"abc")])
    with pytest.raises(ValueError, match=r"damaged Arrow array: offset -?\d follows -?\d at row \d"):
        _core.text_hashes(damaged)


@pytest.mark.parametrize(("source", "error"), [
    (pa.array([1, 2]), ValueError), (pa.array(["a"]).dictionary_encode(), ValueError),
    (pa.array(["a"], pa.string_view()), ValueError), (pa.array([["a"]]), ValueError),
    (["a", 3], TypeError), (["a", None], TypeError), ("text", TypeError), (None, TypeError),
    (np.array(["a"]), TypeError),
])
def test_what_is_no_text_is_refused(source: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="texts must be"):
        _core.minhash(source)


def test_a_stream_that_breaks_off_says_why() -> None:
    def batches() -> Any:
        yield pa.record_batch([pa.array(["a"])], ["t"])
        raise OSError("the disk is gone")

    with pytest.raises((ValueError, RuntimeError, OSError)):
        _core.text_hashes(pa.RecordBatchReader.from_batches(pa.schema([("t", pa.string())]), batches()))


def test_a_text_of_many_megabytes() -> None:
    word = "a" * 5_000_000
    hashes = _core.text_hashes(pa.array([f"{word} {word}", word], pa.large_string())).tolist()
    assert hashes[1] == int(_core.text_hashes([word])[0])
    assert hashes[0] != hashes[1]
    assert len(_core.shingles([". " * 4_000_000], 5)[0]) == 0


def test_the_result_outlives_the_texts() -> None:
    result = _core.minhash(pa.array([f"some words of text number {i}" for i in range(1000)]))
    assert result.shape == (1000, 112)
    assert (result[7] == _core.minhash(["some words of text number 7"])[0]).all()


@pytest.mark.parametrize("work", [_core.minhash, _core.text_hashes, lambda texts: _core.shingles(texts, 5),
                                  lambda texts: _core.QuestionIndex(["a b c d"], np.array([0, 1])).find(texts)])
def test_other_threads_run_meanwhile(work: Any) -> None:
    texts = pa.array(["one two three four five six seven eight nine ten " * 50_000] * 8)
    at_work = threading.Event()

    def run() -> None:
        at_work.set()
        work(texts)
        at_work.clear()

    thread = threading.Thread(target=run)
    thread.start()
    turns = 0
    while thread.is_alive():
        turns += at_work.is_set()
    assert turns > 100  # none where the lock is held throughout: this thread then waits until the work is done
