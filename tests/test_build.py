"""The build's option for CUDA kernels, on a machine that seems to have no nvcc."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pybind11 = pytest.importorskip("pybind11")
CMAKE, COMPILER = shutil.which("cmake"), shutil.which("c++")
REPO = Path(__file__).resolve().parents[1]


def configure(build: Path, choice: str) -> subprocess.CompletedProcess[str]:
    """Configure the build with a PATH that holds a C++ compiler and make, and no nvcc."""
    tools = build.parent / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("c++", "g++", "as", "ld", "ar", "ranlib", "make", "ninja"):
        if (found := shutil.which(name)) and not (tools / name).exists():
            (tools / name).symlink_to(found)
    hidden = {name: value for name, value in os.environ.items() if "CUDA" not in name}
    return subprocess.run(
        [str(CMAKE), "-S", str(REPO), "-B", str(build), f"-DPython_EXECUTABLE={sys.executable}",
         f"-Dpybind11_DIR={pybind11.get_cmake_dir()}", f"-DCROSSTHINK_CUDA={choice}"],
        text=True, capture_output=True, check=False, env={**hidden, "PATH": str(tools)})


@pytest.mark.skipif(not CMAKE or not COMPILER, reason="needs cmake and a C++ compiler")
@pytest.mark.parametrize("choice", ["AUTO", "OFF"])
def test_without_nvcc_it_builds_for_the_cpu(tmp_path: Path, choice: str) -> None:
    done = configure(tmp_path / "build", choice)
    assert done.returncode == 0, done.stderr
    assert f"CUDA kernels: OFF (CROSSTHINK_CUDA={choice})" in done.stdout


@pytest.mark.skipif(not CMAKE or not COMPILER, reason="needs cmake and a C++ compiler")
def test_asked_for_without_nvcc_it_stops_and_says_what_to_do(tmp_path: Path) -> None:
    done = configure(tmp_path / "build", "ON")
    assert done.returncode != 0
    assert "install the CUDA toolkit" in " ".join(done.stderr.split())
