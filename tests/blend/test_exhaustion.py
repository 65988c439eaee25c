"""What a blend does when rows run out, when shards are added, and by difficulty and scores."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from crossthink.blend import Blend
from crossthink.config import BlendConfig, ConfigError
from crossthink.schema import Difficulty, Question
from crossthink.shards import Manifest

Make = Callable[..., Question]
Write = Callable[[list[Question]], Path]


def measured(passes: int, attempts: int = 6) -> Difficulty:
    return Difficulty(passes=passes, attempts=attempts, low=0, high=1, model="m", revision="r", sampling="{}")


def test_repeats_are_counted(manifest: Manifest) -> None:
    """Of 12 prompts at 2:1 eight are gpr, of seven rows: one repeat; four are math, of four rows: none."""
    blend = Blend(BlendConfig(), manifest, seed=0)
    blend.take(12)
    assert blend.repeats == 1


def test_stop_ends_where_a_row_would_come_again(manifest: Manifest) -> None:
    """g m g | g m g | g m g | g m g: the eighth gpr prompt would be prompt 12, and there are seven gpr rows."""
    blend = Blend(BlendConfig(when_exhausted="stop"), manifest, seed=0)
    drawn = blend.take(100)
    assert Counter(q.group for q in drawn) == {"gpr": 7, "math": 4}
    assert blend.take(1) == []
    assert blend.repeats == 0


def test_reweigh_goes_on_with_the_others(manifest: Manifest) -> None:
    """a has five rows, b two and s four: at 2:1:1, s alone is left after b and a are empty; all eleven come once."""
    weights = {"a": 0.5, "b": 0.25, "s": 0.25}
    blend = Blend(BlendConfig(by="source", weights=weights, when_exhausted="reweigh"), manifest, seed=0)
    drawn = blend.take(100)
    assert len({q.id for q in drawn}) == len(drawn) == 11
    # b is empty after its second of about eight prompts; from there a and s share 2:1 until a is empty too
    assert drawn[-1].source == "s"
    assert Counter(q.source for q in drawn[:8]) == {"a": 4, "b": 2, "s": 2}


def add_shard(manifest: Manifest, other: Manifest) -> Manifest:
    """The manifest with another one's shard behind its own."""
    trees = [json.loads(m.path.read_text()) for m in (manifest, other)]
    shard = trees[1]["files"][0]
    (manifest.path.parent / "shard-added.arrow").write_bytes((other.path.parent / shard["file"]).read_bytes())
    trees[0]["files"].append({**shard, "file": "shard-added.arrow"})
    trees[0]["rows"] += shard["rows"]
    path = manifest.path.parent / "grown.json"
    path.write_text(json.dumps(trees[0]))
    return Manifest.load(path)


def test_shards_added_come_behind_the_epoch_that_runs(manifest: Manifest, make_question: Make, tmp_path: Path,
                                                      write_manifest: Write) -> None:
    config = BlendConfig(weights={"math": 1.0})
    whole = [q.question for q in Blend(config, manifest, seed=0).take(4)]
    before = Blend(config, manifest, seed=0)
    assert [q.question for q in before.take(3)] == whole[:3]
    state = before.state_dict()
    kept = tmp_path / "kept"
    manifest.path.parent.rename(kept)
    added = Manifest.load(write_manifest([make_question(f"new{i}") for i in range(3)]))
    grown = add_shard(Manifest.load(kept), added)
    after = Blend(config, grown, seed=0)
    after.load_state_dict(state)
    drawn = [q.question for q in after.take(11)]
    assert drawn[0] == whole[3]  # the very prompt that would have come
    assert sorted(drawn[1:4]) == ["new0", "new1", "new2"]
    assert after.repeats == 7
    assert sorted(drawn[4:]) == ["m0", "m1", "m2", "m3", "new0", "new1", "new2"]
    again = Blend(config, grown, seed=0)
    again.load_state_dict(after.state_dict())
    assert [q.id for q in again.take(5)] == [q.id for q in after.take(5)]
    with pytest.raises(ConfigError, match="of another run"):  # the old data's state does not fit other shards
        Blend(config, added, seed=0).load_state_dict(state)


def test_difficulty_bands(make_question: Make, write_manifest: Write) -> None:
    """0/6 unsolved, 2/6 hard, 3/6 and 4/6 middle, 5/6 easy, 6/6 solved, none unmeasured."""
    rows = [make_question(f"q{n}", difficulty=measured(n)) for n in (0, 2, 3, 4, 5, 6)] + [make_question("q")]
    manifest = Manifest.load(write_manifest(rows))
    blend = Blend(BlendConfig(by="difficulty", weights={"hard": 0.5, "middle": 0.5}), manifest, seed=0)
    assert blend.rows() == {"easy": 1, "hard": 1, "middle": 2, "solved": 1, "unmeasured": 1, "unsolved": 1}
    assert Counter(q.question for q in blend.take(4)) == {"q2": 2, "q3": 1, "q4": 1}


def test_unmeasured_rows_can_be_left_out(make_question: Make, write_manifest: Write) -> None:
    rows = [*(make_question(f"q{n}", difficulty=measured(n)) for n in range(7)), make_question("q")]
    manifest = Manifest.load(write_manifest(rows))
    config = BlendConfig(weights={"math": 1.0}, pass_rate=(0.0, 0.5), unmeasured="drop")
    assert Blend(config, manifest, seed=0).rows() == {"math": 4}
    with pytest.raises(ConfigError, match="no row has a pass rate in"):
        Blend(BlendConfig(pass_rate=(0.51, 0.65), unmeasured="drop"), manifest, seed=0)


def test_scores_are_shares_in_proportion(manifest: Manifest) -> None:
    """53.06 : 34.78 of the paper's single sources: .604 and .396, so 60 and 40 of 100 prompts."""
    blend = Blend(BlendConfig(by="source", scores={"a": 53.06, "s": 34.78}), manifest, seed=0)
    assert Counter(q.source for q in blend.take(100)) == {"a": 60, "s": 40}
