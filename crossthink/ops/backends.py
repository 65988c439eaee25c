"""Which backend runs an op, and the record of what has run."""

import logging
import os

import torch

from crossthink import _core

log = logging.getLogger("crossthink.ops")

CPP_DTYPES = (torch.float32, torch.bfloat16, torch.float16)
OPS = {
    "linear_logprob": ("cpp", "eager"),
    "token_logprob": ("cpp", "triton", "cuda", "eager"),
    "group_advantage": ("cpp", "eager"),
    "policy_loss": ("cpp", "eager"),
}
"""Backends of each op; "auto" takes cpp for CPU tensors, and for CUDA ones triton where the op has it, else eager."""

_used: dict[str, set[str]] = {}


def choose(op: str, backend: str, x: torch.Tensor, dtypes: tuple[torch.dtype, ...] = CPP_DTYPES) -> str:
    """The backend that runs `op` on a tensor like `x`; `dtypes` are those that the C++ core takes.

    Raises ValueError where a named backend cannot: nothing is replaced in silence.
    """
    if backend not in ("auto", *OPS[op]):
        raise ValueError(f"{op}: no backend {backend!r}; it has auto, {', '.join(OPS[op])}")
    chosen = _automatic(op, x.device.type) if backend == "auto" else backend
    if chosen == "cpp" and x.device.type != "cpu":
        raise ValueError(f"{op}: the cpp backend takes CPU tensors, got {x.device}")
    if chosen == "cpp" and x.dtype not in dtypes:
        names = ", ".join(str(d).removeprefix("torch.") for d in dtypes)
        raise ValueError(f"{op}: the cpp backend takes {names}, got {x.dtype}; backend='eager' takes any")
    if chosen == "cuda" and not _core.with_cuda:
        raise ValueError(f"{op}: this build has no CUDA kernels: build where nvcc is, with CROSSTHINK_CUDA=ON")
    if chosen == "cuda" and x.device.type != "cuda":
        raise ValueError(f"{op}: the cuda backend takes CUDA tensors, got {x.device}")
    if chosen == "triton" and x.device.type == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
        raise ValueError(f"{op}: the triton backend takes CUDA tensors; CPU ones only under its interpreter, with "
                         "TRITON_INTERPRET=1 set before triton is imported")
    if not torch.compiler.is_compiling():
        _record(op, chosen)
    return chosen


def _automatic(op: str, device: str) -> str:
    if device == "cpu":
        return "cpp"
    return "triton" if device == "cuda" and "triton" in OPS[op] else "eager"


def _record(op: str, backend: str) -> None:
    if backend not in _used.setdefault(op, set()):
        _used[op].add(backend)
        log.info("%s runs on %s", op, _described(op, backend))


def _described(op: str, backend: str) -> str:
    """The backend's name, with its instruction set where the op has a kernel for each."""
    return f"cpp ({_core.isa()})" if backend == "cpp" and op.endswith("logprob") else backend


def backends_in_use() -> dict[str, str]:
    """Backend of each op: those it has run on so far, or else what "auto" takes on this machine."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return {op: ", ".join(_described(op, b) for b in sorted(_used.get(op, {_automatic(op, device)}))) for op in OPS}
