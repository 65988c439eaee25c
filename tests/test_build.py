"""The build's option for CUDA kernels, on a machine that has nvcc and on one that seems to have none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pybind11 = pytest.importorskip("pybind11")
TOOLS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # the cmake that was installed first
CMAKE, COMPILER, NVCC = (shutil.which(name, path=TOOLS) for name in ("cmake", "c++", "nvcc"))
REPO = Path(__file__).resolve().parents[1]


def configure(build: Path, choice: str, path: str) -> subprocess.CompletedProcess[str]:
    """Configure the build with a PATH."""
    hidden = {name: value for name, value in os.environ.items() if "CUDA" not in name}
    return subprocess.run(
        [str(CMAKE), "-S", str(REPO), "-B", str(build), f"-DPython_EXECUTABLE={sys.executable}",
         f"-Dpybind11_DIR={pybind11.get_cmake_dir()}", f"-DCROSSTHINK_CUDA={choice}"],
        text=True, capture_output=True, check=False, env={**hidden, "PATH": path})


@pytest.fixture
def without_nvcc(tmp_path: Path) -> str:
    """A PATH that holds a C++ compiler and make, and no nvcc."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("c++", "g++", "as", "ld", "ar", "ranlib", "make", "ninja"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    return str(tools)


@pytest.mark.skipif(not CMAKE or not COMPILER, reason="needs cmake and a C++ compiler")
@pytest.mark.parametrize("choice", ["AUTO", "OFF"])
def test_without_nvcc_it_builds_for_the_cpu(tmp_path: Path, choice: str, without_nvcc: str) -> None:
    done = configure(tmp_path / "build", choice, without_nvcc)
    assert done.returncode == 0, done.stderr
    assert f"CUDA kernels: OFF (CROSSTHINK_CUDA={choice})" in done.stdout


@pytest.mark.skipif(not CMAKE or not COMPILER, reason="needs cmake and a C++ compiler")
def test_asked_for_without_nvcc_it_stops_and_says_what_to_do(tmp_path: Path, without_nvcc: str) -> None:
    done = configure(tmp_path / "build", "ON", without_nvcc)
    assert done.returncode != 0
    assert "install the CUDA toolkit" in " ".join(done.stderr.split())


@pytest.mark.skipif(not CMAKE or not COMPILER or not NVCC, reason="needs cmake, a C++ compiler and nvcc")
def test_with_nvcc_and_no_other_word_it_builds_for_the_usual_devices(tmp_path: Path) -> None:
    done = configure(tmp_path / "build", "AUTO", TOOLS)
    assert done.returncode == 0, done.stderr
    assert "CUDA kernels: ON (CROSSTHINK_CUDA=AUTO)" in done.stdout
