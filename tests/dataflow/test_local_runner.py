"""Worker processes say nothing on the user's terminal."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
sys.path.insert(0, os.path.dirname(__file__))
from small_run import finish

TWO = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")


def test_a_job_of_two_workers_says_its_own_lines_alone(tmp_path: Path) -> None:
    rows = [{"question": f"Add {n} and 1.", "answer": str(n + 1)} for n in range(20)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'[run]\nname = "x"\n[model]\npath = "none"\n[[data.questions]]\npath = "{tmp_path}/q.jsonl"\n'
                      'source = "own"\ngroup = "math"\n')
    code, said = finish(["import", "--recipe", str(recipe), "--output", str(tmp_path / "out"), *TWO])
    assert code == 0
    # a busy machine says more than once how far it is
    first, second, *funnel, last = (line for line in said.splitlines() if not re.match(r"data line: \d+ s, ", line))
    assert first.startswith("data line: import to")
    assert second == "data line: 0 pieces of the input were finished before, 1 are new"
    assert [line.split() for line in funnel] == [[stage, "20", "in", "20", "out"] for stage in ("import", "shards")]
    assert last.startswith("data line: 20 rows in")
