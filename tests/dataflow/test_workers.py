"""The same bytes for any number of workers."""

import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
sys.path.insert(0, os.path.dirname(__file__))
from small_run import demo, finish, shipped


def test_one_two_and_four_worker_processes_give_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for workers in (1, 2, 4):
        output = tmp_path / str(workers)
        more = (f"--direct_num_workers={workers}", "--direct_running_mode=multi_processing")
        assert finish(demo(output, *more))[0] == 0
        found.append(shipped(output / "data"))
    assert found[0] == found[1] == found[2]
    assert len(found[0]["shard-00000-of-00002.arrow"]) > 10_000
