"""What an id is looked for by."""

import pytest
from crossthink.dataflow.look.find import needle_of


@pytest.mark.parametrize(("wanted", "needle"), [
    ("0123abcd", "0123abcd"), ("crawl.warc.gz@000000006981+12", "crawl.warc.gz"), ("own/q.jsonl:00000002", "q.jsonl"),
    ("http://a.example/b:8", "http://a.example/b:8"), ("own/q.jsonl", "q.jsonl")])
def test_what_is_searched_for_stands_in_the_record(wanted: str, needle: str) -> None:
    assert needle_of(wanted) == needle
