"""The wheel with the extra `data` alone, in an empty environment: a data worker needs no torch."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytest.importorskip("scikit_build_core")

REPO = Path(__file__).resolve().parents[1]
NO_MODEL = ("data.questions_per_passage=0", "data.cloze_per_passage=1", "data.vote_samples=0",
            "data.difficulty_attempts=0")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_data_worker_runs_the_line_without_torch(tmp_path: Path) -> None:
    def run(*command: object) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run([str(word) for word in command], check=True, cwd=tmp_path, env=environment)

    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    run(sys.executable, *pip, "wheel", REPO, "--no-build-isolation", "--no-deps", "--wheel-dir", tmp_path)
    [wheel] = tmp_path.glob("crossthink-*.whl")
    venv.create(tmp_path / "worker", with_pip=True)
    python = tmp_path / "worker/bin/python"
    run(python, *pip, "install", "-c", REPO / "requirements/cpu.txt", f"{wheel}[data]")
    run(python, "-c", "import importlib.util as u; assert not u.find_spec('torch') and not u.find_spec('vllm')")
    (tmp_path / "examples").symlink_to(REPO / "examples")  # the recipe's paths are relative
    run(python, "-m", "crossthink.dataflow", "run", "--recipe", REPO / "recipes/demo.toml", "--output",
        tmp_path / "out", *NO_MODEL)
    manifest = json.loads((tmp_path / "out/data/manifest.json").read_text())
    # 240 of arithmetic, 180 with options and 180 without; cloze questions of the pages come on top
    assert manifest["rows"] > 600
