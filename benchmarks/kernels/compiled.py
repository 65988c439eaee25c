"""Every GPU kernel compiled ahead of time, on a machine without a GPU: registers, spills, occupancy, machine code.

    .venv/bin/python benchmarks/kernels/compiled.py [--output benchmarks/results/kernels_compiled.json]
    .venv/bin/python benchmarks/kernels/compiled.py --check [--target 90]     # against that file: what CI runs

Triton's compiler makes its own machine code; CUDA C++ needs nvcc and is left out, with a line, where there is none. The
check fails for a spill, for a kernel that fits fewer warps on a multiprocessor than it did, for one of half as many
instructions again, and for tensor core, TMA or 16-byte instructions that went missing. Those are counted in the machine
code (SASS): wgmma (HGMMA; UTCHMMA on sm_100), mma (HMMA), TMA (UTMA..., UBLKCP), 16-byte reads and writes.

Floors are the bytes that a kernel must move over an H100's 3.35 TB/s, or its products over 989 TFLOP/s, for the head of
Qwen2.5-7B and 8192 tokens (16 M tokens where there is no logit).
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import triton
from crossthink.kernels import policy_terms, runs, scale, token_logprob
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from crossthink.files import write_json

REPO = Path(__file__).resolve().parents[2]
TARGETS = (80, 90, 100)
SHARED_KIB = {80: 164, 90: 228, 100: 228}
HEAD, LOGITS, TOKENS = 3584 * 152064, 8192 * 152064, 1 << 24
BANDWIDTH, PRODUCTS = 3.35e12, 989.4e12
I64 = {"token", "sequence", "group"}
SCALARS = {"inverse_temperature", "eps", "low", "high", "dual_clip", "kl_coef", "cap", "floor"}
OTHERS = {"vocabulary": "i32", "n": "i32", "step": "i32", "row_stride": "i64", "grad_row_stride": "i64", "mask": "*i8",
          "scale": "*fp64", "active": "*i32", "programs": "i32"}

MACHINE_CODE = {"wgmma": r"(HGMMA|UTC\w*MMA)\b", "mma": r"[HIQ]MMA\b", "tma": r"(UTMA\w+|UBLKCP)\b",
                "wide reads": r"LDG\.\S*128\b", "wide writes": r"STG\.\S*128\b"}
"""Instructions that are counted, as they begin in a line of SASS."""
KEPT = ("wgmma", "tma", "wide reads", "wide writes")
"""Of these a kernel must not lose its last one."""

ENUMS = {"Surrogate": ("ppo", "cispo"), "Kl": ("no KL", "k1", "k2", "k3"), "Correction": ("as is", "truncate", "mask")}
"""The values of csrc/policy/terms.h, which a symbol names by number."""

CUDA_BYTES = {"forward_kernel<float": 4 * LOGITS, "forward_kernel": 2 * LOGITS,
              "backward_kernel<float, float": 8 * LOGITS, "backward_kernel<float, bfloat16": 6 * LOGITS,
              "backward_kernel": 4 * LOGITS, "terms_kernel": 17 * TOKENS, "means_kernel": 13 * TOKENS,
              "advantage_kernel": 16 * TOKENS, "share_kernel": 0, "results_kernel": 0, "scale_kernel<float": 8 * HEAD,
              "scale_kernel": 4 * HEAD, "head_kernel": 2 * 8192 * HEAD / PRODUCTS * BANDWIDTH,
              "rows_kernel": LOGITS / 16, "gradient_kernel": 4 * LOGITS}
"""Bytes that a CUDA kernel must move, by how its name begins; the first that fits. The terms' are those of a loss that
has no reference and no sampler: log-probs, old ones, advantages, mask and gradient. The head's product is bound by its
arithmetic: as many bytes as would take as long."""

HOPPER = {"head.cu"}
"""Sources with instructions of sm_90a: compiled for no other device."""
HEAD_SHARED = 196_672
"""Bytes of a block of the head's product, which asks for them at the launch."""

Row = dict[str, Any]


def sources() -> Iterator[tuple[str, Any, dict[str, str], dict[str, Any], dict[str, Any], float]]:
    """Name, kernel, types that are not the usual ones, constants, launch options, bytes that it must move."""
    t = token_logprob
    for logits, grad, size in (("*bf16", "*bf16", 2), ("*fp32", "*fp32", 4)):
        yield (f"token_logprob.forward {logits[1:]}", t.forward_kernel, {"logits": logits},
               {"lanes": t.FORWARD_LANES, "pack": t.READ_BYTES // size}, t.FORWARD_LAUNCH, size * LOGITS)
        yield (f"token_logprob.backward {logits[1:]}", t.backward_kernel, {"logits": logits, "grad_logits": grad},
               {"tile": t.BACKWARD_BYTES // size, "in_place": False}, t.BACKWARD_LAUNCH, 2 * size * LOGITS)
    yield ("token_logprob.backward fp32 to bf16 in place", t.backward_kernel,
           {"logits": "*fp32", "grad_logits": "*bf16"}, {"tile": t.BACKWARD_BYTES // 4, "in_place": True},
           t.BACKWARD_LAUNCH, 6 * LOGITS)
    terms = {"tile": policy_terms.TILE, "kl": "k3", "correction": "mask"}
    for surrogate in ("ppo", "cispo"):
        yield (f"policy_terms {surrogate}", policy_terms.kernel, {}, {**terms, "surrogate": surrogate},
               {"num_warps": 4, "enable_fp_fusion": True}, 29 * TOKENS)
    yield "policy_results", policy_terms.results_kernel, {"means": "*fp32"}, {"rows": policy_terms.ROWS}, {
        "num_warps": 4}, 0
    yield ("runs.group_advantage", runs.advantage_kernel, {}, {"divide": True, "span": runs.SPAN, "tile": runs.TILE},
           {"num_warps": 1}, 16 * TOKENS)
    yield ("runs.sequence_means", runs.means_kernel, {}, {"span": runs.SPAN, "tile": runs.TILE}, {"num_warps": 1},
           17 * TOKENS)
    yield "scale", scale.kernel, {"x": "*bf16"}, {"tile": scale.TILE}, {"num_warps": 16}, 4 * HEAD


def triton_rows(target: int) -> Iterator[Row]:
    """The Triton kernels for a device."""
    [tool] = Path(triton.__file__).parent.rglob("cuobjdump*")
    for name, kernel, types, constants, launch, moved in sources():
        def type_of(argument: str, types: dict[str, str] = types, constants: dict[str, Any] = constants) -> str:
            usual = "*i64" if argument in I64 else "fp32" if argument in SCALARS else OTHERS.get(argument, "*fp32")
            return "constexpr" if argument in constants else types.get(argument, usual)

        signature = {a: type_of(a) for a in kernel.arg_names}
        # tensors and rows that begin on 16 bytes, as torch makes them and the launcher then says
        aligned: dict[tuple[int, ...], Any] = {(i,): [["tt.divisibility", 16]] for i, a in enumerate(signature)
                                               if signature[a][0] == "*" or a in ("row_stride", "grad_row_stride")}
        source = ASTSource(fn=kernel, signature=signature, constexprs=constants, attrs=aligned)
        binary = triton.compile(source, target=GPUTarget("cuda", target, 32), options=launch)
        with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
            file.write(binary.asm["cubin"])
            file.flush()
            [(_, usage)] = resources(tool, Path(file.name)).items()
        yield row(f"triton {name}", target, usage, 32 * launch["num_warps"], moved)


def cuda_rows(target: int) -> Iterator[Row]:
    """The CUDA kernels for a device."""
    tool = shutil.which("cuobjdump") or str(next(Path(triton.__file__).parent.rglob("cuobjdump*")))
    for path in sorted((REPO / "csrc/cuda").glob("*.cu")):
        if path.name in HOPPER and target != 90:
            continue
        arch = f"{target}a" if path.name in HOPPER else target
        with tempfile.TemporaryDirectory() as folder:
            cubin = Path(folder) / "kernels.cubin"
            subprocess.run(["nvcc", "-std=c++20", "-O3", f"-I{REPO / 'csrc'}", "-cubin",
                            f"-gencode=arch=compute_{arch},code=sm_{arch}", "-o", str(cubin), str(path)], check=True,
                           capture_output=True)
            threads = block_sizes(tool, cubin)
            for symbol, usage in resources(tool, cubin).items():
                name = plain(symbol)
                moved = next(size for begins, size in CUDA_BYTES.items() if name.startswith(begins))
                if path.name in HOPPER:
                    usage["SHARED"] = HEAD_SHARED
                yield row(f"cuda {name}", target, usage, threads[symbol], moved)


def block_sizes(tool: str | Path, cubin: Path) -> dict[str, int]:
    """The threads of a block that each function of a cubin was compiled for (__launch_bounds__)."""
    said = subprocess.run([tool, "-elf", cubin], check=True, capture_output=True, text=True).stdout
    sections = re.findall(r"^\.nv\.info\.(\S+)\n(.*?)(?=^\.nv\.|\Z)", said, re.DOTALL | re.MULTILINE)
    sizes = {name: re.search(r"MAX_THREADS\n.*\n\s+Value:\s+0x(\w+)", body) for name, body in sections}
    return {name: int(size[1], 16) for name, size in sizes.items() if size}


def plain(symbol: str) -> str:
    """A kernel's name with its template arguments, of a mangled symbol."""
    demangled = subprocess.run(["c++filt", symbol], capture_output=True, text=True, check=True).stdout
    for enum, names in ENUMS.items():
        demangled = re.sub(rf"\(crossthink::{enum}\)(\d)", lambda found, names=names: names[int(found[1])], demangled)
    return re.sub(r"crossthink::|\(anonymous namespace\)::|void |\(.*|__nv_|\n", "", demangled.replace("(bool)", ""))


def resources(tool: str | Path, cubin: Path) -> dict[str, dict[str, int]]:
    """Each function of a cubin with what it uses and the instructions that it has."""
    said = subprocess.run([tool, "--dump-resource-usage", cubin], check=True, capture_output=True, text=True).stdout
    used = {name: {key: int(value) for key, value in re.findall(r"(\w+):(\d+)", line)}
            for name, line in re.findall(r"Function (\S+):\n\s+(.*)", said)}
    code = subprocess.run([tool, "-sass", cubin], check=True, capture_output=True, text=True).stdout
    for name, body in re.findall(r"Function : (\S+)\n(.*?)(?=Function : |\Z)", code, re.DOTALL):
        lines = re.findall(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z].*?);", body)
        used[name] |= {"instructions": len(lines)}
        used[name] |= {what: sum(bool(re.match(how, line)) for line in lines) for what, how in MACHINE_CODE.items()}
    return used


def row(name: str, target: int, usage: dict[str, int], threads: int, moved: float) -> Row:
    """One kernel's line of the table."""
    registers, shared = usage["REG"], usage.get("SHARED", 0)
    warps = threads // 32
    by_registers = 65536 // max(-(-registers * 32 // 256) * 256 * warps, 1)
    by_shared = SHARED_KIB[target] * 1024 // (shared + 1024)
    blocks = min(by_registers, by_shared, 64 // warps, 32)
    floor = {"floor ms": round(moved / BANDWIDTH * 1e3, 3)} if moved else {}
    spilled = usage.get("STACK", 0) + usage.get("LOCAL", 0)
    return {"kernel": name, "sm": target, "registers": registers, "shared": shared, "spilled": spilled,
            "threads": threads, "warps": blocks * warps, "instructions": usage["instructions"],
            **{what: usage[what] for what in MACHINE_CODE}} | floor


def check(rows: list[Row], before: list[Row]) -> list[str]:
    """What is worse than it was."""
    known = {(old["kernel"], old["sm"]): old for old in before}
    wrong = [f"{new['kernel']} for sm_{new['sm']} spills {new['spilled']} bytes" for new in rows if new["spilled"]]
    for new in rows:
        old = known.get((new["kernel"], new["sm"]))
        if old is None:
            wrong.append(f"{new['kernel']} for sm_{new['sm']} is not in the table: write it again")
        elif new["warps"] < old["warps"]:
            wrong.append(f"{new['kernel']} for sm_{new['sm']}: {new['warps']} warps fit, {old['warps']} did")
        elif new["instructions"] > 1.5 * old["instructions"]:
            wrong.append(f"{new['kernel']} for sm_{new['sm']}: {new['instructions']} instructions, it had "
                         f"{old['instructions']}")
        else:
            wrong += [f"{new['kernel']} for sm_{new['sm']} has no {what} instructions any more, it had {old[what]}"
                      for what in KEPT if old[what] and not new[what]]
    return wrong


def main() -> None:
    """Compile, print, and write or check the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=REPO / "benchmarks/results/kernels_compiled.json")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--target", type=int, action="append", choices=TARGETS)
    given = parser.parse_args()
    rows: list[Row] = []
    for target in given.target or TARGETS:
        rows += triton_rows(target)
        if shutil.which("nvcc"):
            rows += cuda_rows(target)
        else:
            print("CUDA C++ is not compiled: no nvcc on PATH")
    for line in rows:
        print(", ".join(f"{key} {value}" for key, value in line.items()))
    if given.check:
        sys.exit("\n".join(check(rows, json.loads(given.output.read_text(encoding="utf-8"))["kernels"])) or 0)
    write_json(given.output, {"triton": triton.__version__, "kernels": rows})


if __name__ == "__main__":
    main()
