"""Which blocks are kept: the rule by hand, and real pages against what people marked."""

import gzip
import json
import os
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("selectolax")
pytest.importorskip("apache_beam")
from crossthink.dataflow.page.blocks import Block
from crossthink.dataflow.page.main_text import choose, write
from crossthink.dataflow.sources.warc import read_warc
from crossthink.dataflow.sources.wet import to_page
from crossthink.dataflow.stages.extract import content, decode
from crossthink.dataflow.stages.stage import Kept

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", Path(__file__).parents[4] / "shared")) / "data" / "web_wcxb"


def test_kept_is_what_gives_the_highest_expected_f1() -> None:
    # Sure blocks: p = .9, .9, .1 of ten words each; their sum is 19. F1 of the first: 18/(10+19) = .62, of two:
    # 36/(20+19) = .92, of three: 38/(30+19) = .78.
    ten = np.array([10.0, 10.0, 10.0])
    assert choose(np.array([0.9, 0.1, 0.9]), ten).tolist() == [True, False, True]
    # Unsure blocks: .3, .3, .2; sum 8. One: 6/18 = .33, two: 12/28 = .43, three: 16/38 = .42.
    assert choose(np.array([0.3, 0.3, 0.2]), ten).tolist() == [True, True, False]
    # A menu alone: none is likelier than FLOOR.
    assert not choose(np.array([0.04, 0.03, 0.04]), ten).any()


def test_lists_rows_and_glossaries_are_lines() -> None:
    blocks = [Block(text, tag, 0, 0, 0, 1, 0) for tag, text in (
        ("p", "Say"), ("li", "a"), ("li", "b"), ("tr", "c | d"), ("tr", "e | f"), ("dt", "g"), ("dd", "h"),
        ("dt", "i"), ("dd", "j"), ("dd", "k"))]
    assert write(blocks) == "Say\n\n- a\n- b\n\nc | d\ne | f\n\n- g: h\n- i: j; k"


def f1(found: str, truth: str) -> float:
    got, wanted = (Counter(re.findall(r"\w+", text.casefold())) for text in (found, truth))
    return 2 * (got & wanted).total() / max(1, got.total() + wanted.total())


def test_real_pages() -> None:
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is missing")
    with gzip.open(SHARED / "ground_truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        truth = [json.loads(line)["text"] for line in lines]
    with (SHARED / "wcxb_260.warc.gz").open("rb") as file:
        pages = [result.records[0] for result in map(to_page, read_warc(file, "w")) if isinstance(result, Kept)]
    each = [f1(content(decode(page.body, page.charset)).text, text)
            for page, text in list(zip(pages, truth, strict=True))[::2]]
    # benchmarks/results/extract.json: .88 over all 260; trafilatura .86.
    assert sum(each) / len(each) > 0.86
