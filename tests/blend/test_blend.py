"""The blend keeps its shares, says when it repeats, and resumes exactly."""

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


def test_every_prefix_keeps_two_to_one(manifest: Manifest) -> None:
    drawn = [q.group for q in Blend(BlendConfig(), manifest, seed=0).take(90)]
    for n in range(1, 91):
        # 2:1 declared, so after n prompts 2n/3 are gpr; the stream may be at most one prompt away
        assert abs(drawn[:n].count("gpr") - 2 * n / 3) < 1
    assert drawn.count("gpr") == 60


def test_an_epoch_shows_every_row_once_and_the_next_in_another_order(manifest: Manifest) -> None:
    config = BlendConfig(weights={"math": 1.0})
    drawn = [q.question for q in Blend(config, manifest, seed=0).take(8)]
    assert sorted(drawn[:4]) == sorted(drawn[4:]) == ["m0", "m1", "m2", "m3"]
    assert drawn[:4] != drawn[4:]
    assert drawn != [q.question for q in Blend(config, manifest, seed=1).take(8)]


def test_by_size_follows_the_sources(manifest: Manifest) -> None:
    drawn = Counter(q.source for q in Blend(BlendConfig(by="size"), manifest, seed=0).take(110))
    assert drawn == {"a": 50, "b": 20, "s": 40}  # 5, 2 and 4 of 11 rows


def test_a_resumed_stream_goes_on_where_it_stopped(manifest: Manifest) -> None:
    whole = [q.id for q in Blend(BlendConfig(), manifest, seed=3).take(40)]
    first = Blend(BlendConfig(), manifest, seed=3)
    first.take(17)
    second = Blend(BlendConfig(), manifest, seed=3)
    second.load_state_dict(first.state_dict())
    assert [q.id for q in second.take(23)] == whole[17:]
    with pytest.raises(ConfigError, match="of another run"):
        Blend(BlendConfig(), manifest, seed=4).load_state_dict(first.state_dict())


def test_balanced_letters_take_turns_also_over_a_resume(make_question: Make, write_manifest: Write) -> None:
    choices = [make_question(f"g{i}", group="gpr", answer="x", options=("x", "p", "q", "r")) for i in range(5)]
    manifest = Manifest.load(write_manifest([*choices, make_question("m")]))
    config = BlendConfig(weights={"gpr": 0.5, "math": 0.5}, letters="balanced")
    first, second = Blend(config, manifest, seed=0), Blend(config, manifest, seed=0)
    drawn = first.take(12)
    second.load_state_dict(first.state_dict())
    drawn += second.take(12)
    letters = [q.answer_label for q in drawn if q.options]
    assert "".join(letters) == "ABCDABCDABCD"  # every other of 24 prompts is multiple choice
    assert all(q.options["ABCD".index(q.answer_label)] == "x" for q in drawn if q.options)
    written = Blend(BlendConfig(weights={"gpr": 1.0}), manifest, seed=0).take(5)
    assert {q.answer_label for q in written} == {"A"}


def test_a_share_without_rows_is_named(manifest: Manifest) -> None:
    config = BlendConfig(by="source", weights={"a": 0.5, "law": 0.5})
    with pytest.raises(ConfigError, match=r"source 'law' has a share of 0\.5 but no rows .*; it has a, b, s"):
        Blend(config, manifest, seed=0)


def test_the_pass_rate_keeps_an_interval_and_the_unmeasured(make_question: Make, write_manifest: Write) -> None:
    def measured(passes: int) -> Difficulty:
        return Difficulty(passes=passes, attempts=4, low=0, high=1, model="m", revision="r", sampling="{}")

    rows = [make_question(f"m{n}", difficulty=measured(n)) for n in range(5)] + [make_question("unmeasured")]
    config = BlendConfig(weights={"math": 1.0}, pass_rate=(0.25, 0.75))
    blend = Blend(config, Manifest.load(write_manifest(rows)), seed=0)
    assert {q.question for q in blend.take(8)} == {"m1", "m2", "m3", "unmeasured"}
