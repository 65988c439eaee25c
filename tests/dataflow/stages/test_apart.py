"""Which of near records stay: chains, stars and hot bands, and no group that grows with them."""

import json
import random
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

beam = pytest.importorskip("apache_beam")
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.testing.util import assert_that, equal_to
from crossthink.dataflow.records import Document
from crossthink.dataflow.stages import apart
from crossthink.dataflow.stages.bands import WINDOW, Smallest, pairs_of, parent
from crossthink.dataflow.stages.near_duplicates import NearDuplicates
from crossthink.dataflow.stages.similar import DOCUMENTS, SHIPPED, Measure

Goes = Callable[..., dict[str, str]]
NONE = np.empty(0, np.uint64)


def page(name: str, text: str) -> Document:
    return Document(id=name, url="", crawl_date="", warc_file="", warc_offset=0, title="", text=text, language="en")


def chain(size: int) -> list[Document]:
    """Pages of 100 words, each shifted by 5: neighbours share 91 of 101 runs (0.901), pages two apart 86 of 106
    (0.811), three apart 81 of 111 (0.730)."""
    words = [f"w{i}" for i in range(5 * size + 100)]
    return [page(f"p{i:03d}", " ".join(words[5 * i:5 * i + 100])) for i in range(size)]


@pytest.fixture
def who_goes(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """A function from pages to the evidence of every one that goes, by its id."""

    def run(pages: Sequence[Document], threshold: float = 0.8) -> dict[str, str]:
        file = str(tmp_path / f"{len(list(tmp_path.iterdir()))}.json")
        with beam.Pipeline("FnApiRunner") as pipeline:
            outputs = pipeline | beam.Create(pages) | NearDuplicates("n", threshold, DOCUMENTS)
            number = outputs.counts | "in" >> beam.Filter(lambda count: count[0][1] == "in") | beam.CombinePerKey(sum)
            assert_that(number, equal_to([(("n", "in", ""), len(pages))]))
            (outputs.rejected | beam.Map(lambda found: (found.record_id, found.evidence)) | beam.combiners.ToDict()
             | "write" >> beam.Map(lambda found: Path(file).write_text(json.dumps(found))))
        found: dict[str, str] = json.loads(Path(file).read_text())
        return found

    return run


def test_a_record_that_was_shipped_twice_is_named_the_same_in_any_order() -> None:
    measure = Measure(np.array([1, 2], np.uint64), NONE, NONE)
    nodes = [apart.Node(apart.Told(f"{SHIPPED}q", place, "", measure), frozenset(), frozenset())
             for place in ("a/data/s, row 1", "b/data/s, row 0")]
    for items in (nodes, nodes[::-1]):
        assert apart.decide(items, 0.8)[0].own.label == "a/data/s, row 1"


def test_a_chain_loses_what_is_near_a_page_that_stays(who_goes: Goes) -> None:
    # In the order of rank p000 stays, p001 and p002 are near it, p003 is not and stays, ...: more rounds than ROUNDS
    pages = chain(60)
    gone = who_goes(pages[::-1])
    assert [page.id for page in pages if page.id not in gone] == [f"p{i:03d}" for i in range(0, 60, 3)]
    assert gone["p002"].startswith("kept p000, Jaccard 0.811: w0 w1 ")
    assert gone["p059"].startswith("kept p057, Jaccard 0.811: ")


def test_a_hot_band_keeps_one_although_most_were_never_paired_with_it(who_goes: Goes) -> None:
    same = " ".join(f"word{i}" for i in range(200))
    gone = who_goes([page(f"p{i:03d}", f"{same} number{i}") for i in range(300)], 0.5)
    assert sorted(gone) == [f"p{i:03d}" for i in range(1, 300)]
    # 201 words each: 197 runs, 196 shared: 196 / 198
    assert gone["p299"].startswith("kept p000, Jaccard 0.990: ")


def test_a_star_goes_where_its_leaves_stay_and_its_leaves_where_it_stays(who_goes: Goes) -> None:
    # The middle has 120 words; a leaf has these and 12 of its own: 116 runs shared of 128 (0.906). Two leaves share 116
    # of 140 (0.829): below 0.85.
    middle = " ".join(f"m{i}" for i in range(120))
    leaves = [page(f"leaf{k}", middle + "".join(f" l{k}x{i}" for i in range(12))) for k in range(5)]
    assert sorted(who_goes([*leaves, page("a-middle", middle)], 0.85)) == [leaf.id for leaf in leaves]
    assert sorted(who_goes([*leaves, page("z-middle", middle)], 0.85)) == ["z-middle"]


def test_what_is_open_beyond_the_cap_stays_and_is_counted() -> None:
    told = [apart.Told(f"{i:03d}", f"p{i}", "", measure_of(i)) for i in range(40)]
    items = [item for first, second in pairwise(told) for item in apart.edges([first], second)]
    pipeline = beam.Pipeline("FnApiRunner")
    going = pipeline | beam.Create(items) | apart.Apart("n", 0.7, rest=10)
    # A chain of which neighbours alone are near: 000 stays, 001 goes, 002 stays, ... One is decided a round.
    assert_that(going | beam.Map(lambda found: found[0]), equal_to(["001", "003", "005", "007"]))
    done = pipeline.run()
    counters = done.metrics().query(MetricsFilter().with_namespace("crossthink.capped"))["counters"]
    assert {counter.key.metric.name: counter.result for counter in counters} == {"n/undecided": 40 - apart.ROUNDS}


def measure_of(place: int) -> Measure:
    """Ten hashes, nine of them those of the neighbour: 9 / 11 = 0.82; two apart 8 / 12 = 0.67."""
    return Measure(np.arange(place, place + 10, dtype=np.uint64), NONE, NONE)


def test_the_rounds_and_the_group_at_the_end_decide_alike() -> None:
    told = [apart.Told(f"{i:03d}", f"p{i}", "", measure_of(i)) for i in range(40)]
    items = [item for first, second in pairwise(told) for item in apart.edges([first], second)]
    assert [rank for rank, _ in apart.settle(items, 0.7)] == [f"{i:03d}" for i in range(1, 40, 2)]
    assert list(apart.settle(reversed(items), 0.7)) == list(apart.settle(items, 0.7))


def test_a_band_pairs_neighbours_and_makes_a_tree_of_the_rest() -> None:
    ranks = [f"{i:06d}" for i in range(3 * WINDOW * WINDOW)]
    pairs = list(pairs_of(ranks))
    assert len(set(pairs)) == len(pairs)
    before: dict[str, int] = {}
    behind: dict[str, int] = {}
    for first, second in pairs:
        before[second] = before.get(second, 0) + 1
        behind[first] = behind.get(first, 0) + 1
    assert max(before.values()) == WINDOW + 1
    # the first place: 64 after it, the other 63 blocks of its 4,096, of which 64 is a neighbour, and 2 blocks of blocks
    assert behind["000000"] == max(behind.values()) == 64 + 62 + 2
    assert [parent(place) for place in (0, 5, 64, 70, 128, 4095, 4096, 4160, 8192)] == [
        0, 0, 0, 64, 0, 4032, 0, 4096, 0]


def test_shipped_records_are_paired_with_new_ones_alone() -> None:
    ranks = [SHIPPED + "a", SHIPPED + "b", "0c", "0d"]
    assert list(pairs_of(ranks)) == [(SHIPPED + "a", "0c"), (SHIPPED + "b", "0c"), (SHIPPED + "a", "0d"),
                                     (SHIPPED + "b", "0d"), ("0c", "0d")]


def test_a_band_holds_no_more_than_its_cap() -> None:
    combine = Smallest(3)
    found: Any = combine.create_accumulator()
    held = 0
    for value in ("9", "3", "8", "3", "7", "1", "5", "2", "6"):
        found = combine.add_input(found, value)
        held = max(held, len(found[0]))
    assert held == 6  # twice the cap
    other = combine.add_input(combine.create_accumulator(), "0")
    assert combine.extract_output(combine.merge_accumulators([found, other])) == (["0", "1", "2"], 10)
    none = combine.create_accumulator()
    for parts, smallest in (([none, none], []), ([none, other], ["0"]), ([other, none, other], ["0"])):
        assert combine.extract_output(combine.merge_accumulators(parts)) == (
            smallest, sum(part is other for part in parts))


def test_nobody_goes_but_beside_one_that_stays_and_no_two_neighbours_stay(tmp_path: Path) -> None:
    random_ = random.Random(5)
    told = [apart.Told(f"{i:03d}", f"p{i}", "", measure_of(random_.randrange(200))) for i in range(300)]
    # neighbours start less than two apart: 9 / 11 = 0.82, two apart 8 / 12 = 0.67
    near = {(first.rank, second.rank) for first, second in combinations(told, 2)
            if abs(int(first.measure.shingles[0]) - int(second.measure.shingles[0])) < 2}
    by_rank = {one.rank: one for one in told}
    items = [item for first, second in sorted(near) for item in apart.edges([by_rank[first]], by_rank[second])]
    out = str(tmp_path / "gone.json")
    with beam.Pipeline("FnApiRunner") as pipeline:
        (pipeline | beam.Create(items) | apart.Apart("n", 0.7) | beam.combiners.ToDict()
         | "write" >> beam.Map(lambda found: Path(out).write_text(json.dumps(found))))
    gone = json.loads(Path(out).read_text())
    stay = set(by_rank) - set(gone)
    assert 80 < len(stay) < 160
    assert not {pair for pair in near if set(pair) <= stay}
    for rank, evidence in gone.items():
        keeper = f"{int(evidence.split(',')[0].removeprefix('kept p')):03d}"
        assert keeper in stay
        assert keeper < rank
        assert (keeper, rank) in near
