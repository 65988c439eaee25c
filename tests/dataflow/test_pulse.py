"""What is shown of a running job."""

import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from crossthink.dataflow import pulse

sys.path.insert(0, os.path.dirname(__file__))
from small_run import run, write_inputs

from crossthink.config import load_recipe


def test_a_line_names_the_first_and_the_last_stage_that_moved_with_their_rates() -> None:
    before = {"warc": 1000, "extract": 900, "quality": 700}
    now = {"warc": 3000, "extract": 2800, "quality": 1900, "import": 5}
    # in 4 seconds 2000, 1900 and 1200 more; "domain" has had none, and "import" is not of this job
    assert (pulse.progress(34, 4, before, now, ("warc", "extract", "quality", "domain"))
            == "data line: 34 s, warc 3,000 (500/s) ... quality 1,900 (300/s)")
    assert pulse.progress(34, 4, before, {**before, "warc": 1004}, ("warc", "extract")) == (
        "data line: 34 s, warc 1,004 (1/s)")
    assert pulse.progress(38, 4, now, now, ("warc",)) == "data line: 38 s, sorting, shuffling or waiting for a model"


def test_the_workers_counts_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "WRITE_SECONDS", 0.0)
    first, second = pulse.Pulse(str(tmp_path)), pulse.Pulse(str(tmp_path))
    for worker, stage in ((first, "warc"), (first, "warc"), (first, "extract"), (second, "warc")):
        worker.count(stage)
    assert pulse.taken_in(tmp_path) == {"warc": 3, "extract": 1}


def test_a_folder_that_is_gone_stops_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "WRITE_SECONDS", 0.0)
    pulse.Pulse(str(tmp_path / "gone")).count("warc")
    assert pulse.taken_in(tmp_path / "gone") == {}


def test_a_running_job_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    """The first page waits behind `quality` until a line was made of what the worker wrote before."""
    monkeypatch.setattr(pulse, "WRITE_SECONDS", 0.0)
    monkeypatch.setattr(pulse, "LINE_SECONDS", 0.05)
    shown, count, progress = threading.Event(), pulse.Pulse.count, pulse.progress

    def counting(worker: pulse.Pulse, stage: str) -> None:
        count(worker, stage)
        if stage == "quality":
            assert shown.wait(60)

    def showing(*arguments: Any) -> str:
        line = progress(*arguments)
        if "quality" in line:
            shown.set()
        return line

    monkeypatch.setattr(pulse.Pulse, "count", counting)
    monkeypatch.setattr(pulse, "progress", showing)
    run("extract", load_recipe(write_inputs(tmp_path / "in")), tmp_path / "out")
    # `warc` is in the same line, unless it was in the one before
    assert re.search(r"^data line: \d+ s, ([a-z]+ \d+ \(.*/s\) \.\.\. )?quality 1 \(\d+/s\)$", capsys.readouterr().err,
                     re.MULTILINE)
    assert not list((tmp_path / "out/passages").glob("**/*.pulse"))
