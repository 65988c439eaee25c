"""Every Triton kernel compiled ahead of time for GPUs that need not be here: none may spill.

In a process of its own: triton decides when it is imported whether it interprets.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("triton")

PROGRAM = """
import pathlib, subprocess, sys, triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from crossthink.kernels import policy_terms, runs, scaled, token_logprob

I64 = {"token", "sequence", "group"}
FP32 = {"inverse_temperature", "eps", "low", "high", "dual_clip", "kl_coef", "cap", "floor"}
INTS = {"vocabulary": "i32", "n": "i32", "row_stride": "i64", "grad_row_stride": "i64", "mask": "*i8", "sums": "*fp64"}

def sources():
    for logits, grad in (("*bf16", "*bf16"), ("*fp32", "*fp32"), ("*fp32", "*bf16")):
        yield (token_logprob.forward_kernel, {"logits": logits}, {"tile": token_logprob.FORWARD_TILE},
               token_logprob.FORWARD_LAUNCH)
        yield (token_logprob.backward_kernel, {"logits": logits, "grad_logits": grad},
               {"tile": token_logprob.BACKWARD_TILE, "in_place": True},
               token_logprob.BACKWARD_LAUNCH)
    for surrogate in ("ppo", "cispo"):
        yield policy_terms.kernel, {}, {"surrogate": surrogate, "kl": "k3", "correction": "mask",
                                        "tile": policy_terms.TILE}, {"num_warps": 4, "enable_fp_fusion": True}
    yield runs.advantage_kernel, {}, {"divide": True, "span": runs.SPAN, "tile": runs.TILE}, {"num_warps": 1}
    yield scaled.kernel, {"out": "*bf16"}, {"tile": scaled.TILE}, {"num_warps": 16}
    yield runs.means_kernel, {}, {"span": runs.SPAN, "tile": runs.TILE}, {"num_warps": 1}

[tool] = pathlib.Path(triton.__file__).parent.rglob("cuobjdump*")
for kernel, types, constants, launch in sources():
    def type_of(name):
        default = "*i64" if name in I64 else "fp32" if name in FP32 else INTS.get(name, "*fp32")
        return "constexpr" if name in constants else types.get(name, default)
    source = ASTSource(fn=kernel, signature={name: type_of(name) for name in kernel.arg_names}, constexprs=constants,
                       attrs={})
    binary = triton.compile(source, target=GPUTarget("cuda", int(sys.argv[2]), 32), options=launch)
    path = pathlib.Path(sys.argv[1]) / "kernel.cubin"
    path.write_bytes(binary.asm["cubin"])
    print(subprocess.run([tool, "--dump-resource-usage", path], check=True, capture_output=True, text=True).stdout)
"""


@pytest.mark.parametrize("target", [80, 90, 100])
def test_compiles_without_spills(target: int, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path), str(target)], check=True, timeout=300,
                          text=True, stdout=subprocess.PIPE, env={**env, "TRITON_CACHE_DIR": str(tmp_path / "cache")})
    usage = [line for line in done.stdout.splitlines() if "REG:" in line]
    assert len(usage) == 11
    # what a kernel spills goes to its stack or to local memory
    assert all("STACK:0 " in line and "LOCAL:0 " in line for line in usage), usage
