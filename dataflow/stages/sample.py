"""The first n records in the order of a hash: a choice that depends on the records alone, however many workers there
are and whatever order they come in."""

import hashlib
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsSingleton

END = 2**64
"""Above every place."""


def place(record_id: str, salt: str) -> int:
    """Where a record stands in the order that `salt` names: 0 <= place < END."""
    return int.from_bytes(hashlib.blake2b(f"{salt}\x1f{record_id}".encode(), digest_size=8).digest(), "big")


class Cutoff(beam.PTransform):
    """Records to one number: the records whose place is below it are the first `limit` ones. No records: no number.
    `limit` numbers of 64 bits are in memory at once."""

    def __init__(self, label: str, limit: int, salt: str) -> None:
        super().__init__(label)
        self._limit, self._salt = limit, salt

    def expand(self, records: Any) -> Any:
        limit, salt = self._limit, self._salt
        return (records | "place" >> beam.Map(lambda record: place(record.id, salt))
                | "first" >> beam.CombineGlobally(
                    beam.combiners.TopCombineFn(limit + 1, reverse=True)).without_defaults()
                | "cutoff" >> beam.Map(lambda first: first[-1] if len(first) > limit else END))


def cutoff(label: str, records: Any, limit: int, salt: str) -> AsSingleton:
    """The number of `Cutoff` as a side input; END where there are no records."""
    return AsSingleton(records | Cutoff(label, limit, salt), END)
