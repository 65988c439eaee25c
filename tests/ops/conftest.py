"""The backends that can run here: each test of an op runs on all of them.

Triton runs on the GPU, or in a process with TRITON_INTERPRET=1 on the CPU: test_interpreted.py starts that one. The
CUDA kernels run on the GPU, or in the process that test_cuda_on_cpu.py starts as C++ on the CPU.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

sys.path.insert(0, str(Path(__file__).resolve().parent))
import cuda_kernels_on_cpu

from crossthink import _core
from crossthink.ops import head

GPU = torch.cuda.is_available()
CUDA_ON_CPU = os.environ.get("CROSSTHINK_CUDA_ON_CPU")
FAST = ["cpp", *(["triton"] if GPU or os.environ.get("TRITON_INTERPRET") == "1" else []),
        *(["cuda"] if (GPU and _core.with_cuda) or CUDA_ON_CPU else [])]
if CUDA_ON_CPU:
    cuda_kernels_on_cpu.install(CUDA_ON_CPU)


@pytest.fixture(params=FAST)
def fast(request: pytest.FixtureRequest) -> str:
    """Every backend that has kernels."""
    return str(request.param)


@pytest.fixture
def on_device(fast: str) -> str:
    """`fast`, where it cannot look at values before it works."""
    if fast == "cpp":
        pytest.skip("the core checks, and raises")
    return fast


@pytest.fixture(params=[*FAST, "eager"])
def backend(request: pytest.FixtureRequest) -> str:
    """Every backend."""
    return str(request.param)


@pytest.fixture
def place() -> Callable[[str], str]:
    """A function that names the device a backend is tested on."""
    return lambda backend: "cuda" if GPU and backend in ("triton", "cuda") else "cpu"


@pytest.fixture(params=[*(f"cpp-{isa}" for isa in _core.available_isas()), *FAST[1:]])
def rows(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every backend that has row kernels, the core's in turn for each instruction set of this machine."""
    backend, _, isa = request.param.partition("-")
    if isa:
        _core.use_isa(isa)
    yield backend
    _core.use_isa(_core.available_isas()[0])


@pytest.fixture(params=_core.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set of this machine, in use."""
    _core.use_isa(request.param)
    yield str(request.param)
    _core.use_isa(_core.available_isas()[0])


@pytest.fixture
def blas(fast: str) -> str:
    """`fast`, where the matrix product gives a row the same bits in every place: the edges of some CPUs' do not."""
    if fast == "cpp":
        generator = torch.Generator().manual_seed(0)
        a, b = (torch.randn(*shape, generator=generator) for shape in ((head.CPU_TILE, 1003), (1003, 64)))
        if not all(torch.equal((a.roll(shift, 0) @ b).roll(-shift, 0), a @ b) for shift in (1, 5, 7, 12, 50)):
            pytest.skip("this CPU's matrix product gives a row other bits in another place")
    return fast
