"""Shards are trusted only as far as their sha256."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(("change", "line"), [
    ({"files": [{"file": 3}]}, "file is 3, not str"),
    ({"files": [{"file": "s", "rows": 11, "sha256": 3}]}, "sha256 is 3, not str"),
    ({"files": "s"}, "files is 's', not list"), ({"rows": True}, "rows is True, not int"),
    ({"schema": "x"}, "schema is 'x', not a version"), ({"schema": "2.0"}, "schema 2.0 is newer than "),
    ({"rows": 12}, "rows is 12, and its files have 11"), ({"record": None}, "record is None, not str"),
])
def test_a_manifest_with_a_bad_value_is_named_with_the_key(manifest: Manifest, change: dict[str, Any],
                                                           line: str) -> None:
    manifest.path.write_text(json.dumps({**json.loads(manifest.path.read_text()), **change}))
    with pytest.raises(ShardError) as error:
        Manifest.load(manifest.path)
    assert str(error.value).startswith(f"{manifest.path}: ")
    assert line in str(error.value)


def test_a_shard_twice_false_bytes_and_another_record_are_found(manifest: Manifest) -> None:
    tree = json.loads(manifest.path.read_text())

    def changed(**change: Any) -> Manifest:
        manifest.path.write_text(json.dumps({**tree, **change}))
        return Manifest.load(manifest.path)

    with pytest.raises(ShardError, match=r"files has shard-00000-of-00001\.arrow twice"):
        changed(files=tree["files"] * 2, rows=22)
    size = tree["files"][0]["bytes"]
    with pytest.raises(ShardError, match=rf"arrow: {size} bytes, the manifest says 9: "):
        changed(files=[{**tree["files"][0], "bytes": 9}]).verify()
    with pytest.raises(ShardError, match="record is Passage, not Question"):
        read_questions(changed(record="Passage"))


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
