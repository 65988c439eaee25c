"""The tests of this folder once more with the CUDA kernels on the CPU, in a process of their own, which takes them for
the backend "cuda"."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pybind11")


@pytest.mark.skipif(torch.cuda.is_available(), reason="the CUDA kernels run on the GPU here")
@pytest.mark.skipif("CROSSTHINK_CUDA_ON_CPU" in os.environ, reason="this is that process")
@pytest.mark.timeout(1200)
def test_cuda_kernels_on_the_cpu(tmp_path: Path) -> None:
    compiler = shutil.which("g++")
    if not compiler or sys.platform != "linux":
        pytest.skip("needs g++ on Linux")
    import cuda_kernels_on_cpu

    module = cuda_kernels_on_cpu.build(tmp_path, compiler)
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "cuda",
                           str(Path(__file__).parent)], text=True, stdout=subprocess.PIPE, timeout=1100, check=False,
                          env={**os.environ, "CROSSTHINK_CUDA_ON_CPU": str(module), "TRITON_INTERPRET": "1"})
    assert done.returncode == 0, done.stdout[-5000:]
    passed = int(done.stdout.rsplit(" passed", 1)[0].split()[-1])
    assert passed > 60, done.stdout[-500:]
