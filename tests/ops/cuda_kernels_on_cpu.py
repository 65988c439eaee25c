"""The CUDA row kernels as C++ on the CPU, a thread of a block after the other: cuda_on_cpu/ has what they need of CUDA.

What they compute is tested so, on any machine with a compiler: their indices, exchanges, masks and sums. How fast they
are, how the device rounds its approximate instructions, and races within a warp are not.
"""

import contextlib
import importlib.util
import re
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from crossthink import _core, ops

REPO = Path(__file__).resolve().parents[2]
KERNELS = ("exps", "logprob", "policy", "runs", "scale")
LAUNCH = re.compile(r"([\w<>]+?)<<<([^;]*?), 0, static_cast<cudaStream_t>\(stream\)>>>\(")


def build(folder: Path, compiler: str, *more: str) -> Path:
    """Compile the kernels and their bindings into a module in `folder`, with more flags."""
    import pybind11

    cuda, here = REPO / "csrc" / "cuda", Path(__file__).parent / "cuda_on_cpu"
    sources = [cuda / "bindings.cpp", here / "module.cpp"]
    for name in KERNELS:
        text, launches = LAUNCH.subn(r"cuda_on_cpu::Launch{\2}(\1, ", (cuda / f"{name}.cu").read_text())
        assert launches
        sources.append(folder / f"{name}.cpp")
        sources[-1].write_text(text)
    flags = ["-std=c++20", "-O1", "-fPIC", "-fvisibility=hidden", "-Wno-narrowing", "-Wno-unknown-pragmas", *more,
             f"-I{here}", f"-I{REPO / 'csrc'}", f"-I{pybind11.get_include()}", f"-I{sysconfig.get_paths()['include']}"]
    objects = [folder / f"{source.stem}.o" for source in sources]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: subprocess.run(
            [compiler, *flags, "-include", "cuda_runtime.h", "-c", str(pair[0]), "-o", str(pair[1])], check=True),
            zip(sources, objects, strict=True)))
    module = folder / f"cuda_on_cpu{sysconfig.get_config_var('EXT_SUFFIX')}"
    subprocess.run([compiler, *more, "-shared", *map(str, objects), "-o", str(module)], check=True)
    return module


def install(module: str) -> None:
    """Put them into this process, as the backend "cuda" of tensors on the CPU."""
    spec = importlib.util.spec_from_file_location("cuda_on_cpu", module)
    assert spec
    assert spec.loader
    kernels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernels)
    patch = pytest.MonkeyPatch()
    for name in dir(kernels):
        if name.startswith("cuda_"):
            patch.setattr(_core, name, getattr(kernels, name), raising=False)
    patch.setattr(_core, "with_cuda", True)
    patch.setattr(torch.cuda, "device", lambda _: contextlib.nullcontext())
    patch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    patch.setattr(torch.cuda, "current_stream", lambda: SimpleNamespace(cuda_stream=0))
    check = ops.backends._check
    # the interpreter's, which takes what the device takes, on the CPU
    patch.setattr(ops.backends, "_check", lambda op, backend, name, x: check(
        op, "triton" if backend == "cuda" else backend, name, x))
