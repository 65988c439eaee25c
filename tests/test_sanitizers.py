"""The C++ core under sanitizers: addresses and undefined behaviour in its own tests, races between its threads."""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytest.importorskip("torch")
pybind11 = pytest.importorskip("pybind11")

CMAKE = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
REPO = Path(__file__).resolve().parents[1]
TESTS = ("test_core_pack.py", "ops/test_logprob.py", "ops/test_policy_loss.py", "ops/test_linear_policy.py",
         "ops/test_product.py", "ops/test_runs.py", "text")
FLAGS = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"

# The sanitized module takes the installed one's place before anything of ours is imported.
RUN = """
import importlib.util, sys
import crossthink
spec = importlib.util.spec_from_file_location("crossthink._core", sys.argv[1])
core = importlib.util.module_from_spec(spec)
spec.loader.exec_module(core)
sys.modules["crossthink._core"] = crossthink._core = core
import pytest
sys.exit(pytest.main(["-p", "no:cacheprovider", "-k", "not torchs_contract and not million", *sys.argv[2:]]))
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, compiler: str) -> Path:
    """The build's folder, with the sanitized module in it."""
    if not CMAKE:
        pytest.skip("needs cmake")
    folder = tmp_path_factory.mktemp("sanitizers") / "build"
    subprocess.run([str(CMAKE), "-S", str(REPO), "-B", str(folder), f"-DPython_EXECUTABLE={sys.executable}",
                    f"-Dpybind11_DIR={pybind11.get_cmake_dir()}", f"-DCMAKE_CXX_FLAGS={FLAGS}",
                    f"-DCMAKE_CXX_COMPILER={compiler}", "-DCROSSTHINK_CUDA=OFF"],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run([str(CMAKE), "--build", str(folder), "--parallel", "2"], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_core_is_clean_under_sanitizers(build: Path, sanitized: dict[str, str]) -> None:
    module = build / f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(module), *(str(REPO / "tests" / name) for name in TESTS)], text=True,
        capture_output=True, check=False, cwd=REPO, env={**os.environ, **sanitized})
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "ERROR: AddressSanitizer" not in done.stderr
    assert "runtime error" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_text_core_stands_made_up_texts_under_sanitizers(build: Path, compiler: str) -> None:
    """CROSSTHINK_FUZZ_SECONDS says for how long: 60, where it is not set."""
    seconds = os.environ.get("CROSSTHINK_FUZZ_SECONDS", "60")
    sources = [path for path in (REPO / "csrc" / "text").glob("*.cpp") if path.name != "bindings.cpp"]
    program = build / "fuzz_text"
    subprocess.run([compiler, "-std=c++20", *FLAGS.split(), f"-I{REPO / 'csrc'}", f"-I{build / 'generated'}",
                    "-DCROSSTHINK_ISA=plain", str(REPO / "tests" / "text" / "fuzz_text.cpp"), *map(str, sources),
                    "-o", str(program)], check=True)
    done = subprocess.run([str(program), seconds], text=True, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert int(done.stdout.split()[0]) > 100


ROWS = {"plain": "", "avx2": "-mavx2 -mfma", "avx512": "-mavx2 -mfma -mavx512f -mavx512dq"}


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the flags are those of x86")
def test_the_threads_of_the_core_do_not_race(tmp_path: Path, compiler: str) -> None:
    cpu = REPO / "csrc" / "cpu"
    parts = [(cpu / name, f"{flags} -DCROSSTHINK_ISA={isa}") for isa, flags in ROWS.items()
             for name in ("rows.cpp", "policy_rows.cpp", "run_rows.cpp")]
    parts += [(cpu / "product_bf16.cpp", "-mavx512f -mavx512bw -mavx512bf16")]
    parts += [(cpu / f"{name}.cpp", "") for name in ("isa", "logprob", "policy", "product")]
    parts += [(REPO / "tests" / "ops" / "threads.cpp", "")]
    for number, (source, flags) in enumerate(parts):
        subprocess.run([compiler, "-std=c++20", "-O1", "-g", "-fsanitize=thread", "-DCROSSTHINK_X86",
                        f"-I{REPO / 'csrc'}", *flags.split(), "-c", str(source), "-o", str(tmp_path / f"{number}.o")],
                       check=True)
    program = tmp_path / "threads"
    subprocess.run([compiler, "-fsanitize=thread", *map(str, tmp_path.glob("*.o")), "-o", str(program)], check=True)
    done = subprocess.run([str(program)], text=True, capture_output=True, check=False,
                          env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1"})
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert done.stdout.count("the same bits") >= 2
