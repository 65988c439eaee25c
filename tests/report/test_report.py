"""The page of a run: whole, in parts, torn, and under attack by what it shows."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("matplotlib")
from crossthink.report import write_report
from crossthink.report.__main__ import main
from crossthink.report.result import result, verdict
from crossthink.report.run_folder import read_run

VOID = {"meta", "br", "hr", "link", "img"}
SECTIONS = ["result", "funnel", "blend", "curves", "evaluation", "lineage", "rollouts", "machine", "cost"]


class Page(HTMLParser):
    """Checks that every element is closed where it should be, and collects what tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"{tag} has {name}"
            if name in ("src", "href", "data", "action", "srcset"):
                self.loads.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag == "table":
            self._rows = []
        if tag == "tr":
            self._rows.append([])
        if tag in ("td", "th"):
            self._rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes {self.open[-1]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "caption" in self.open:
            self.tables[data] = self._rows
        if self.open[-1:] == ["h2"]:
            self.headings.append(data)
        if {"td", "th"} & set(self.open) and self._rows and self._rows[-1]:
            self._rows[-1][-1] += data + " "


@pytest.fixture(scope="module")
def text(whole_run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the whole run."""
    page = write_report(whole_run, tmp_path_factory.mktemp("page") / "deep" / "report.html")
    return page.read_text(encoding="utf-8")


@pytest.fixture
def part_of(whole_run: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that copies parts of the whole run."""
    def copy(*parts: str) -> Path:
        for part in parts:
            (shutil.copytree if (whole_run / part).is_dir() else shutil.copy)(whole_run / part, tmp_path / part)
        return tmp_path

    return copy


def page_of(run: Path) -> str:
    text = write_report(run, run / "report.html").read_text(encoding="utf-8")
    assert Page(text).ids[0] == "result"
    return text


def test_the_page_is_well_formed_and_its_sections_stand_in_order(text: str) -> None:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert [name for name in page.ids if name in SECTIONS] == SECTIONS
    assert page.tags.count("svg") > 20
    assert page.tags.count("figure") == page.tags.count("figcaption") == page.tags.count("svg")
    assert page.tags.count("table") == page.tags.count("caption") == len(page.tables)


def test_nothing_is_loaded_and_nothing_can_run(text: str) -> None:
    page = Page(text)
    assert all(load.startswith("#") for load in page.loads)
    assert not {"script", "link", "iframe", "object", "img"} & set(page.tags)
    assert not re.search(r"@import|url\((?!#)", text)


def test_plots_take_the_colours_of_the_page(text: str) -> None:
    pictures = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert set(re.findall(r"#[0-9a-f]{6}\b", pictures)) == set()
    css = text[text.index("<style>"):text.index("</style>")]
    assert set(re.findall(r"var\(--([\w-]+)\)", text)) <= set(re.findall(r"--([\w-]+):", css))


def test_every_number_of_the_funnel_is_there(text: str, whole_run: Path) -> None:
    rows = next(rows for caption, rows in Page(text).tables.items() if caption.startswith("Every stage"))
    shown = {row[0].strip(): [cell.split() for cell in row[1:]] for row in rows[1:]}
    funnel = json.loads((whole_run / "data/funnel.json").read_text())
    assert len(funnel) == len(shown) == 14
    for row in funnel:
        into, kept, rejected, failed, out = shown[row["stage"].replace("_", " ")]
        assert (into, kept, out) == ([str(row["in"])], [str(row["kept"])], [str(row["out"])])
        for cell, reasons in ((rejected, row["rejected"]), (failed, row["failed"])):
            assert cell[0] == str(sum(reasons.values()))
            assert " ".join(cell[1:]) == " ".join(f"{name} {n}".replace("_", " ") for name, n in reasons.items())


def test_the_blend_is_counted_from_what_was_drawn(text: str) -> None:
    # 4 steps of 6 prompts; every third is mathematics: 8 of 24; the shards hold 96 rows, 32 of them mathematics
    assert Page(text).tables["Declared and drawn, by group"][1:] == [
        ["gpr ", "66.7% ", "66.7% ", "16 ", "64 ", "0.25 "], ["math ", "33.3% ", "33.3% ", "8 ", "32 ", "0.25 "]]


@pytest.mark.parametrize(("low", "high", "difference", "expected"), [
    (0.021, 0.169, 0.095, "from 45.0% to 54.5%: +9.5 points, 95% interval [+2.1, +16.9]. "
                          "The interval excludes zero: the model got better."),
    (-0.04, 0.07, 0.015, "from 45.0% to 46.5%: +1.5 points, 95% interval [\u22124.0, +7.0]. "
                         "The interval includes zero: this run does not show that the model got better or worse."),
    (-0.15, -0.01, -0.08, "from 45.0% to 37.0%: \u22128.0 points, 95% interval [\u221215.0, \u22121.0]. "
                          "The interval excludes zero: the model got worse."),
    (0.0, 0.1, 0.05, "from 45.0% to 50.0%: +5.0 points, 95% interval [0.0, +10.0]. "
                     "The interval includes zero: this run does not show that the model got better or worse."),
])
def test_the_headline_says_what_the_interval_says(low: float, high: float, difference: float, expected: str) -> None:
    cell = {"n": 1200, "before": 0.45, "after": 0.45 + difference, "difference": difference, "low": low, "high": high}
    assert verdict(cell) == f"On 1,200 held-out questions accuracy went {expected}"


def test_what_a_model_writes_is_shown_as_text(text: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;\ufffd?&lt;/pre&gt;" in text
    assert "&lt;img src=x onerror=alert(2)&gt;\ufffd\ufffd&lt;/pre&gt;" in text  # reject, with a lone surrogate
    assert "Lorne &amp; " in text
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text)


def test_the_lineage_follows_a_question_born_of_a_page(text: str) -> None:
    part = text[text.index('<section id="lineage"'):text.index('<section id="rollouts"')]
    for expected in ("crawl.warc.gz", "18211", "https://pages.example/", "100 to 912", "llm: written by the model",
                     "a1b2c3", "SmolLM2-135M-Instruct", "2 of 3 sampled solutions", "1 of 4 attempts", "choice/2",
                     "shard-0000", "Lorne &amp; ", "4 completions of this question"):
        assert expected in part
    assert "imported one is shown" not in part


def test_the_lineage_names_the_row_of_its_shard(text: str, whole_run: Path) -> None:
    part = text[text.index('<section id="lineage"'):text.index('<section id="rollouts"')]
    found = re.search(r"(shard-\d+-of-\d+\.arrow).*?row in it, from 0</dt><dd>(\d+)", part)
    assert found
    name, row = found.groups()
    table = pa.ipc.open_file(str(whole_run / "data" / name)).read_all()
    assert table.column("id")[int(row)].as_py() in part


def test_ten_rollouts_of_three_kinds(text: str) -> None:
    part = text[text.index('<section id="rollouts"'):text.index('<section id="machine"')]
    marks = re.findall(r'class="mark (\w+)"', part)
    assert marks == ["right"] * 4 + ["wrong"] * 3 + ["malformed"] * 3
    assert part.count("then write the") == 10  # each with its prompt
    # multiple choice as it was asked, the gold moved to D, not as it lies in the shards
    choices = part.count("write the letter")
    assert choices == part.count("<dt>gold</dt><dd>D</dd>") > 0


@pytest.mark.parametrize(("parts", "said"), [
    (("data",), ["No evaluation yet: this page", "No training yet", "No rollout yet", "96 questions"]),
    (("train",), ["No evaluation yet: this page", "No data yet", "No shard yet", "then write the"]),
    (("eval",), ["The interval excludes zero: the model got better", "No data yet", "No training yet"]),
])
def test_missing_parts_are_said(part_of: Callable[..., Path], parts: tuple[str, ...], said: list[str]) -> None:
    text = page_of(part_of(*parts))
    for words in said:
        assert words in text


def test_a_run_in_progress(part_of: Callable[..., Path]) -> None:
    run = part_of("data", "train", "eval")
    for name in ("eval/comparison.json", "eval/after/summary.json", "train/final/config.json", "data/manifest.json"):
        (run / name).unlink()
    metrics = run / "train/metrics.jsonl"
    lines = metrics.read_text().splitlines()
    metrics.write_text("\n".join(lines[:2]) + "\n" + lines[2][:40])  # the third line is torn
    text = page_of(run)
    assert "No evaluation of the trained model yet; before training it answers 50.0%" in text
    assert "Training is not finished: 2 of 4 steps." in text
    assert "The data line is not finished" in text
    assert "Steps 1 to 2." in text


def test_broken_files_are_named(part_of: Callable[..., Path]) -> None:
    run = part_of("data", "train")
    (run / "data/run.json").write_text("{")
    (run / "data/shard-00001-of-00002.arrow").write_bytes(b"no Arrow")
    (run / "train/rollouts/step-000004.arrow").write_bytes(b"torn")
    text = result(read_run(run))
    for name in ("data/run.json: not read", "shard-00001-of-00002.arrow: not a readable Arrow file",
                 "step-000004.arrow: not read"):
        assert name in text


def test_questions_from_files_alone_fall_back_to_an_imported_one(part_of: Callable[..., Path]) -> None:
    run = part_of("data")
    manifest = json.loads((run / "data/manifest.json").read_text())
    for entry in manifest["files"]:
        path = run / "data" / entry["file"]
        table = pa.ipc.open_file(pa.BufferReader(path.read_bytes())).read_all()
        imported = [row["synthesizer"] == "import" for row in table.column("lineage").to_pylist()]
        kept = table.filter(pa.array(imported))
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, kept.schema) as writer:
            writer.write_table(kept)
        entry |= {"rows": kept.num_rows, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                  "bytes": path.stat().st_size}
    manifest["rows"] = sum(entry["rows"] for entry in manifest["files"])
    (run / "data/manifest.json").write_text(json.dumps(manifest))
    assert "No question born of a page is in the shards, so an imported one is shown." in page_of(run)


def test_a_control_says_that_it_is_one(part_of: Callable[..., Path]) -> None:
    run = part_of("train")
    tree: dict[str, Any] = json.loads((run / "train/run.json").read_text())
    tree["recipe"]["algorithm"]["control"] = "permute"
    (run / "train/run.json").write_text(json.dumps(tree))
    assert "This run is a control" in result(read_run(run))


def test_the_command(part_of: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    run = part_of("eval")
    assert main([str(run)]) == 0
    assert capsys.readouterr().out.strip() == str(run / "report.html")
    assert main([str(run), "--output", str(run / "eval")]) == 1  # a folder stands there
    assert main([str(run / "nothing")]) == 2
    assert main([str(run / "eval" / "before")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert errors[1] == f"error: {run / 'nothing'}: no such folder: give the --output of a run"


def test_the_report_needs_no_torch() -> None:
    code = "import sys, crossthink.report.__main__; sys.exit('torch' in sys.modules or 'apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
