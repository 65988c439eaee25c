"""The tests of this folder once more with the Triton backend, under its interpreter, in a process of their own: triton
decides when it is imported whether it interprets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("triton")


@pytest.mark.skipif(torch.cuda.is_available(), reason="the Triton kernels run on the GPU here")
@pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") == "1", reason="this is that process")
def test_triton_under_its_interpreter() -> None:
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "triton",
                           str(Path(__file__).parent)], env={**os.environ, "TRITON_INTERPRET": "1"}, text=True,
                          stdout=subprocess.PIPE, timeout=900)
    assert done.returncode == 0, done.stdout[-5000:]
    passed = int(done.stdout.rsplit(" passed", 1)[0].split()[-1])
    assert passed > 60, done.stdout[-500:]
