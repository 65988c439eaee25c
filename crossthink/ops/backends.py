"""Which backend runs an op, and the record of what has run."""

import logging
import os
from collections.abc import Mapping

import torch
from torch.autograd import forward_ad

from crossthink import _core
from crossthink.ops import proof
from crossthink.ops.device import type_name

log = logging.getLogger("crossthink.ops")

WIDE, HEAD = (torch.float32,), (torch.float32, torch.bfloat16)
ANY = (torch.float32, torch.bfloat16, torch.float16)
WHOLE = {"token": torch.int64, "group": torch.int64, "sequence": torch.int64, "mask": torch.bool}
"""The arguments that are no floating-point tensors."""
OPS = ("linear_logprob", "linear_policy_loss", "token_logprob", "group_advantage", "policy_loss")
BACKENDS = ("cpp", "triton", "cuda", "eager")
"""Every op has all of them; "auto" takes cpp for CPU tensors, for CUDA ones cuda where the build has it, else
triton, and eager for others."""

_used: dict[str, set[str]] = {}


def choose(op: str, backend: str, arguments: Mapping[str, torch.Tensor | None], width: int = 0) -> str:
    """The backend that runs `op` on these tensors, by the first of them; rows of logits are `width` wide.

    A GPU backend has to prove itself at its first use (proof.py). Raises ValueError where a named backend cannot run
    or an argument is of another device or dtype than it takes, RuntimeError where it fails its proof: nothing is
    replaced in silence. Under "auto" eager takes the place of one that failed, with a warning, and `backends_in_use`
    says so.
    """
    if backend not in ("auto", *BACKENDS):
        raise ValueError(f"{op}: no backend {backend!r}; it has auto, {', '.join(BACKENDS)}")
    tensors = {name: tensor for name, tensor in arguments.items() if tensor is not None}
    first, x = next(iter(tensors.items()))
    chosen = _automatic(x.device.type) if backend == "auto" else backend
    for name, tensor in tensors.items():
        if name in WHOLE and tensor.dtype != WHOLE[name]:
            raise ValueError(f"{op}: {name} must be {type_name(WHOLE[name])}, got {tensor.dtype}")
        if chosen == "eager":
            _check_numbers(op, name, tensor, first, x)
        else:
            _check(op, chosen, name, tensor)
        if tensor.device != x.device:
            raise ValueError(f"{op}: {name} is on {tensor.device}, {first} on {x.device}")
    if torch.compiler.is_compiling():
        return chosen
    on_gpu = chosen in ("triton", "cuda") and x.device.type == "cuda"
    if on_gpu and (reason := proof.failure(op, chosen, x.device, width, x.dtype)):
        failed = f"{chosen} fails its proof on {x.device} ({reason})"
        if backend != "auto":
            raise RuntimeError(f"{op}: the backend {failed}")
        _record(op, f"eager: {failed}", logging.WARNING)
        return "eager"
    _record(op, chosen, logging.INFO)
    return chosen


def _check(op: str, backend: str, name: str, x: torch.Tensor) -> None:
    device = "cpu" if backend == "cpp" else "cuda"
    if backend == "cuda" and not _core.with_cuda:
        raise ValueError(f"{op}: this build has no CUDA kernels: build where nvcc is, with CROSSTHINK_CUDA=ON")
    if backend == "triton" and x.device.type == "cpu":
        device = "cpu"
        if os.environ.get("TRITON_INTERPRET") != "1":
            raise ValueError(f"{op}: the triton backend takes CUDA tensors; CPU ones only under its interpreter, with "
                             "TRITON_INTERPRET=1 set before triton is imported")
    if x.device.type != device:
        raise ValueError(f"{op}: {name}: the {backend} backend takes {device.upper()} tensors, got {x.device}")
    dtypes = _dtypes(name, backend)
    if name not in WHOLE and x.dtype not in dtypes:
        names = ", ".join(map(type_name, dtypes))
        raise ValueError(f"{op}: {name}: the {backend} backend takes {names}, got {x.dtype}; backend='eager' takes any")
    if not torch.compiler.is_compiling() and _tangent(x) is not None:
        raise ValueError(f"{op}: {name} has a tangent, but the {backend} backend has no forward-mode derivative: "
                         "backend='eager' has")


def _tangent(x: torch.Tensor) -> torch.Tensor | None:
    return forward_ad.unpack_dual(x).tangent  # type: ignore[no-untyped-call]


def _check_numbers(op: str, name: str, x: torch.Tensor, first: str, like: torch.Tensor) -> None:
    """The specification widens what is not fp64 to fp32: beside fp64 the result would be neither."""
    if x.is_complex():
        raise ValueError(f"{op}: {name} is {x.dtype}: complex numbers have no order for a softmax or a loss")
    if name not in WHOLE and (x.dtype == torch.float64) != (like.dtype == torch.float64):
        raise ValueError(f"{op}: {name} is {x.dtype}, {first} {like.dtype}: float64 goes with float64 alone")


def _dtypes(name: str, backend: str) -> tuple[torch.dtype, ...]:
    """Of a floating-point argument. A head in fp16 would lose gradients below 6e-8 on the device."""
    if name == "logits":
        return ANY
    if name in ("hidden", "weight", "bias"):
        return ANY if backend == "cpp" else HEAD
    return WIDE


def _automatic(device: str) -> str:
    return {"cpu": "cpp", "cuda": "cuda" if _core.with_cuda else "triton"}.get(device, "eager")


def _record(op: str, backend: str, level: int) -> None:
    if backend not in _used.setdefault(op, set()):
        _used[op].add(backend)
        log.log(level, "%s runs on %s", op, _described(backend))


def _described(backend: str) -> str:
    """The backend's name, with the instruction set of the core's."""
    return f"cpp ({_core.isa()})" if backend == "cpp" else backend


def backends_in_use() -> dict[str, str]:
    """Backend of each op: those it has run on so far, or else what "auto" takes on this machine."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return {op: ", ".join(_described(b) for b in sorted(_used.get(op, {_automatic(device)}))) for op in OPS}
