"""Which of near records stay: in the order of rank each, unless it is near one that stays.

Decided along verified edges alone, in rounds of messages between neighbours. A record that has nobody of a smaller rank
to wait for stays, and tells those behind it; one that hears of a record that stays and is near it goes, and passes on
who that is, so that copies of copies are compared with what stayed. A decision is final, and the rounds are as many as
the longest chain of records that wait for each other. What is open after ROUNDS of them is settled in one group of at
most REST records; beyond that it stays, and is counted: nothing is removed but what is near a record that stays.
No component is ever gathered: a group holds one record and its neighbours (bands.py bounds them).
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import AsSingleton, TaggedOutput
from crossthink.dataflow.stages.similar import Measure, similarity

ROUNDS = 8
"""A band of 262,144 copies needs five. Where ids are in no order, each round leaves a third open or less."""
REST = 10_000


class Told(NamedTuple):
    """A record as its neighbours hear of it."""

    rank: str
    label: str
    text: str
    """The beginning of its text."""
    measure: Measure


class Node(NamedTuple):
    """An undecided record."""

    own: Told
    waits: frozenset[str]
    """Ranks of the neighbours before it that are undecided."""
    behind: frozenset[str]
    """Ranks of the neighbours that wait for it."""


class Word(NamedTuple):
    """What a record hears from a neighbour that was decided: the neighbour, and who stays: itself, or who is near."""

    sender: str
    stays: Told


Item = Node | Word
Going = tuple[str, str]
"""(Rank of a record that goes, evidence)."""


class Apart(beam.PTransform):
    """(rank, Node) for each end of each edge to (rank, evidence) of every record that goes."""

    def __init__(self, name: str, threshold: float, rest: int = REST) -> None:
        super().__init__("apart")
        self._name, self._threshold, self._rest = name, threshold, rest

    def expand(self, items: Any) -> Any:
        going = []
        for number in range(ROUNDS):
            decided = (items | f"neighbours {number}" >> beam.GroupByKey()
                       | f"round {number}" >> beam.ParDo(_Round(self._threshold)).with_outputs("going", main="open"))
            items = decided.open
            going.append(decided.going)
        open_nodes = (items | "open" >> beam.Filter(lambda item: isinstance(item[1], Node))
                      | "how many" >> beam.CombineGlobally(beam.combiners.CountCombineFn()).without_defaults())
        rest = (items | "few" >> beam.ParDo(_UpTo(self._name, self._rest), AsSingleton(open_nodes, 0))
                | "rest" >> beam.GroupByKey()
                | "settle" >> beam.FlatMapTuple(lambda _, found: settle(found, self._threshold)))
        return (*going, rest) | "all who go" >> beam.Flatten()


def edges(firsts: Sequence[Told], second: Told) -> Iterator[tuple[str, Node]]:
    """Both ends of the edges between a record and those before it, `firsts`, at least one."""
    behind = frozenset((second.rank,))
    yield from ((first.rank, Node(first, frozenset(), behind)) for first in firsts)
    yield second.rank, Node(second, frozenset(first.rank for first in firsts), frozenset())


def decide(items: Sequence[Item], threshold: float) -> tuple[Node, str, Told | None]:
    """A record, joined from its parts; evidence where it goes, else ""; and who stays, None while that is open.

    Requires a Node among the items.
    """
    nodes = [item for item in items if isinstance(item, Node)]
    words = [item for item in items if isinstance(item, Word)]
    own = min((node.own for node in nodes), key=attrgetter("label"))  # several where it was shipped more than once
    waits = frozenset().union(*(node.waits for node in nodes)) - {word.sender for word in words}
    node = Node(own, waits, frozenset().union(*(node.behind for node in nodes)))
    for _, stays in sorted({word.stays.rank: word.stays for word in words}.items()):
        if evidence := near(own, stays, threshold):
            return node, evidence, stays
    return node, "", None if waits else own


def near(own: Told, stays: Told, threshold: float) -> str:
    """Evidence that a record is near one that stays; "" where it is not."""
    value = similarity(own.measure, stays.measure)
    return f"kept {stays.label}, Jaccard {value:.3f}: {stays.text}" if value >= threshold else ""


def settle(items: Iterable[tuple[str, Item]], threshold: float) -> Iterator[Going]:
    """Who goes of the open records, in the order of rank: each after all that it waits for."""
    by_rank: dict[str, list[Item]] = {}
    for rank, item in items:
        by_rank.setdefault(rank, []).append(item)
    decided: dict[str, Told] = {}
    for rank, found in sorted(by_rank.items()):
        if not any(isinstance(item, Node) for item in found):
            continue  # words to a record that was decided before
        waits = frozenset().union(*(item.waits for item in found if isinstance(item, Node)))
        heard = [Word(sender, decided[sender]) for sender in sorted(waits) if sender in decided]
        node, evidence, stays = decide([*found, *heard], threshold)
        assert stays is not None, f"{rank} waits for {sorted(node.waits)}, who are neither open nor decided"
        decided[rank] = stays
        if evidence:
            yield rank, evidence


class _Round(beam.DoFn):
    """One step of every open record that has something to hear."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold

    def process(self, group: tuple[str, Iterable[Item]]) -> Iterator[Any]:
        items = list(group[1])
        if any(isinstance(item, Node) for item in items):  # else words to a record that was decided before
            yield from self._step(items)

    def _step(self, items: list[Item]) -> Iterator[Any]:
        node, evidence, stays = decide(items, self._threshold)
        if stays is None:
            yield node.own.rank, node
        else:
            yield from ((rank, Word(node.own.rank, stays)) for rank in sorted(node.behind))
        if evidence:
            yield TaggedOutput("going", (node.own.rank, evidence))


class _UpTo(beam.DoFn):
    """Everything under one key, where no more than the cap are open; else nothing, and it is counted."""

    def __init__(self, name: str, cap: int) -> None:
        self._undecided = Metrics.counter("crossthink.capped", f"{name}/undecided")
        self._cap = cap

    def process(self, item: tuple[str, Item], count: int) -> Iterator[tuple[str, tuple[str, Item]]]:
        if count <= self._cap:
            yield "", item
        elif isinstance(item[1], Node):
            self._undecided.inc()
