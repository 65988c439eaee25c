"""Shards are trusted only as far as their sha256."""

from collections.abc import Callable
from pathlib import Path

import pytest

from crossthink.schema import Question
from crossthink.shards import Manifest, ShardError, read_questions

Make = Callable[..., Question]
Write = Callable[[list[Question]], Path]


@pytest.fixture
def manifest(make_question: Make, write_manifest: Write) -> Manifest:
    gpr = [make_question(f"g{i}", group="gpr", source="a" if i < 5 else "b") for i in range(7)]
    math = [make_question(f"m{i}") for i in range(4)]
    return Manifest.load(write_manifest([*gpr, *math]))


def test_rows_come_back_in_order(manifest: Manifest) -> None:
    manifest.verify()
    expected = [*(f"g{i}" for i in range(7)), *(f"m{i}" for i in range(4))]
    assert [q.question for q in read_questions(manifest)] == expected


def test_an_altered_a_missing_and_a_cut_shard_are_named(manifest: Manifest) -> None:
    shard = manifest.path.parent / manifest.files[0].file
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ShardError, match=r"shard-00000-of-00001\.arrow: sha256 is .* the shard was altered"):
        manifest.verify()
    shard.write_bytes(data[:100])
    with pytest.raises(ShardError, match="not a readable Arrow file"):
        read_questions(manifest)
    shard.unlink()
    with pytest.raises(ShardError, match="shard is missing"):
        manifest.verify()
    with pytest.raises(ShardError, match="run the data line first"):
        Manifest.load(manifest.path.parent / "none")
