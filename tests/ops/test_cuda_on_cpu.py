"""The tests of this folder once more with the CUDA kernels on the CPU, in a process of their own, which takes them for
the backend "cuda"."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pybind11")

import cuda_kernels_on_cpu

pytestmark = [
    pytest.mark.skipif(torch.cuda.is_available(), reason="the CUDA kernels run on the GPU here"),
    pytest.mark.skipif("CROSSTHINK_CUDA_ON_CPU" in os.environ, reason="this is that process"),
    pytest.mark.timeout(1200),
]


def run_tests(module: Path, **environment: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "cuda and not million",
                           str(Path(__file__).parent)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=1100, check=False, env={**os.environ, "CROSSTHINK_CUDA_ON_CPU": str(module),
                                                          "TRITON_INTERPRET": "1", **environment})
    assert done.returncode == 0, done.stdout[-5000:]
    passed = int(done.stdout.rsplit(" passed", 1)[0].split()[-1])
    assert passed > 200, done.stdout[-500:]


def test_cuda_kernels_on_the_cpu(tmp_path: Path, compiler: str) -> None:
    run_tests(cuda_kernels_on_cpu.build(tmp_path, compiler))


@pytest.mark.slow
def test_cuda_kernels_on_the_cpu_are_clean_under_sanitizers(tmp_path: Path, compiler: str,
                                                            sanitized: dict[str, str]) -> None:
    # a kernel's own arrays lie on stacks that are switched, which only plain frames allow: tensors have their red zones
    module = cuda_kernels_on_cpu.build(tmp_path, compiler, "-fsanitize=address,undefined", "--param=asan-stack=0",
                                       "-fno-sanitize-recover=undefined")
    run_tests(module, **sanitized)
