"""Every GPU kernel compiled ahead of time, for GPUs that need not be here, against the table of what they took.

None may spill, and none may leave a multiprocessor emptier than it did.

In a process of its own: triton decides when it is imported whether it interprets.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("triton")

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks/kernels/compiled.py"


@pytest.mark.parametrize("target", [80, 90, 100])
def test_kernels_are_no_worse_than_the_table_says(target: int, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run([sys.executable, str(SCRIPT), "--check", "--target", str(target)], check=False, timeout=300,
                          text=True, capture_output=True, env={**env, "TRITON_CACHE_DIR": str(tmp_path / "cache")})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("triton ") == 11
