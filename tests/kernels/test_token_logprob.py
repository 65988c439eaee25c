"""token_logprob for GPUs against the fp64 truth: Triton under the interpreter, and Triton and CUDA where a GPU is.

Triton is compiled ahead of time for sm_90 as well. What it does here runs in processes of their own: triton decides
when it is imported whether it interprets.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("triton")

from crossthink import _core, ops

# T, V, temperature, constant added to every logit, scale, dtype
CASES = {
    "one class": (3, 1, 1.0, 0.0, 1.0, "float32"),
    "no token": (0, 1000, 1.0, 0.0, 1.0, "float32"),
    "one token": (1, 1000, 1.0, 0.0, 1.0, "float32"),
    "many tokens": (257, 33, 0.7, 0.0, 1.0, "float32"),
    "one tile": (2, 4096, 1.0, 0.0, 1.0, "float32"),
    "large vocabulary": (3, 49152, 1.0, 0.0, 3.0, "float32"),
    "prime vocabulary": (2, 49157, 0.5, 0.0, 3.0, "float32"),
    "shifted up": (3, 5000, 1.0, 150.0, 1.0, "float32"),
    "shifted down": (3, 5000, 1.0, -150.0, 1.0, "float32"),
    "tiny logits": (3, 1536, 1.0, 0.0, 1e-4, "float32"),
    "sixteen bits": (3, 5000, 1.0, 0.0, 3.0, "bfloat16"),
}

INTERPRETED = """
import sys, torch
sys.path.insert(0, sys.argv[1])
import test_token_logprob as t
from crossthink import ops
results = {name: t.run(*t.inputs(name), "triton") for name in t.CASES}
results["special"] = t.run(*t.special(), "triton")
for strided in (torch.randn(9, 4).T, torch.randn(4, 12)[:, :9]):
    pair = [ops.token_logprob(x, torch.arange(4), backend="triton")[0] for x in (strided, strided.contiguous())]
    assert torch.equal(*pair)
assert ops.token_logprob(torch.zeros(2, 3), torch.tensor([0, 3]), backend="triton")[0].isnan().tolist() == [False, True]
leaf = torch.randn(3, 7, requires_grad=True)
torch.library.opcheck(torch.ops.crossthink.token_logprob_triton.default, (leaf, torch.tensor([0, 6, 2]), 0.7))
torch.save(results, sys.argv[2])
"""


def inputs(case: str) -> tuple[torch.Tensor, torch.Tensor, float]:
    tokens, vocabulary, temperature, shift, scale, dtype = CASES[case]
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(tokens, vocabulary, generator=generator) * scale + shift
    return logits.to(getattr(torch, dtype)), torch.randint(vocabulary, (tokens,), generator=generator), temperature


def special() -> tuple[torch.Tensor, torch.Tensor, float]:
    """Rows that start with a whole tile of -inf, end with one, and hold a NaN."""
    logits = torch.randn(3, 9000, generator=torch.Generator().manual_seed(4))
    logits[0, :5000] = -torch.inf
    logits[1, 4000:] = -torch.inf
    logits[2, 8999] = torch.nan
    return logits, torch.tensor([6000, 7, 7]), 0.6


def run(logits: torch.Tensor, token: torch.Tensor, temperature: float, backend: str) -> list[torch.Tensor]:
    leaf = logits.clone().requires_grad_()
    results = ops.token_logprob(leaf, token, temperature=temperature, backend=backend)
    generator = torch.Generator().manual_seed(9)
    torch.autograd.backward(results, [torch.randn(len(token), generator=generator).to(x) for x in results])
    return [*(x.detach() for x in results), leaf.grad]


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[torch.Tensor]]:
    out = tmp_path_factory.mktemp("triton") / "results.pt"
    subprocess.run([sys.executable, "-c", INTERPRETED, str(Path(__file__).parent), str(out)], check=True, timeout=300,
                   env={**os.environ, "TRITON_INTERPRET": "1"})
    return torch.load(out)


@pytest.mark.parametrize("case", CASES)
def test_as_near_the_fp64_truth_as_eager(interpreted: dict[str, list[torch.Tensor]], case: str) -> None:
    logits, token, temperature = inputs(case)
    # the interpreter cuts fp32 to 16 bits where the device rounds: one more unit of the last place
    assert_as_near_as_eager(interpreted[case], logits, token, temperature, rounding=2**-8)


def assert_as_near_as_eager(results: list[torch.Tensor], logits: torch.Tensor, token: torch.Tensor, temperature: float,
                            rounding: float = 0.0) -> None:
    eager = run(logits, token, temperature, "eager")
    truth = run(logits.double(), token, temperature, "eager")
    for kernel, e, t in zip(results, eager, truth, strict=True):
        assert kernel.shape == t.shape
        assert kernel.dtype == e.dtype
        if t.numel():
            largest = float(t.abs().max())
            allowed = 2e-6 * max(1.0, largest) + (0 if e.dtype == torch.float32 else rounding * largest)
            assert (kernel - t).abs().max() <= (e - t).abs().max() + allowed


def test_infinite_and_missing_logits(interpreted: dict[str, list[torch.Tensor]]) -> None:
    for kernel, eager in zip(interpreted["special"], run(*special(), "eager"), strict=True):
        torch.testing.assert_close(kernel, eager, equal_nan=True, rtol=2e-6, atol=2e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("backend", ["triton", "cuda"])
@pytest.mark.parametrize("case", [*CASES, "special"])
def test_on_the_gpu(case: str, backend: str) -> None:
    if backend == "cuda" and not _core.with_cuda:
        pytest.skip("built without CUDA kernels")
    logits, token, temperature = special() if case == "special" else inputs(case)
    results = [x.cpu() for x in run(logits.cuda(), token.cuda(), temperature, backend)]
    if case == "special":
        for kernel, eager in zip(results, run(logits, token, temperature, "eager"), strict=True):
            torch.testing.assert_close(kernel, eager, equal_nan=True, rtol=2e-6, atol=2e-6)
    else:
        assert_as_near_as_eager(results, logits, token, temperature)


AHEAD_OF_TIME = """
import pathlib, subprocess, sys, triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from crossthink.kernels import token_logprob as k
named = {"token": "*i64", "vocabulary": "i32", "row_stride": "i64", "inverse_temperature": "fp32", "tile": "constexpr"}
[tool] = pathlib.Path(triton.__file__).parent.rglob("cuobjdump*")
for kernel in (k.forward_kernel, k.backward_kernel):
    for dtype in ("*bf16", "*fp32"):
        types = {**named, "logits": dtype, "grad_logits": dtype}
        source = ASTSource(fn=kernel, signature={name: types.get(name, "*fp32") for name in kernel.arg_names},
                           constexprs={"tile": k.TILE}, attrs={})
        binary = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=k.LAUNCH)
        path = pathlib.Path(sys.argv[1]) / "kernel.cubin"
        path.write_bytes(binary.asm["cubin"])
        print(subprocess.run([tool, "--dump-resource-usage", path], check=True, capture_output=True, text=True).stdout)
"""


def test_compiles_for_sm_90_without_spills(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run([sys.executable, "-c", AHEAD_OF_TIME, str(tmp_path)], check=True, timeout=300, text=True,
                          stdout=subprocess.PIPE, env={**env, "TRITON_CACHE_DIR": str(tmp_path / "cache")})
    usage = [line for line in done.stdout.splitlines() if "REG:" in line]
    assert len(usage) == 4
    # what a kernel spills goes to its stack or to local memory
    assert all("STACK:0 " in line and "LOCAL:0 " in line for line in usage), usage
