"""verl's two fused heads, without verl/__init__.py, which needs ray and tensordict."""

import importlib
import sys
from types import ModuleType

from .record import Peer, Tensor, contiguous_gradient, folder, release

DISTRIBUTION = "verl"


def _open(name: str) -> ModuleType:
    """Import verl.NAME beneath packages whose __init__ has not run: the kernels import each other absolutely."""
    if "verl" not in sys.modules:
        root = folder("verl")
        for package, path in (("verl", root), ("verl.utils", root / "utils")):
            bare = ModuleType(package)
            bare.__path__ = [str(path)]
            sys.modules[package] = bare
    return importlib.import_module(f"verl.{name}")


def triton() -> Peer:
    """The Triton kernel: split-V forward, backward by slices of 9504 columns through a stored d logits."""
    apply = _open("utils.kernel.linear_cross_entropy").linear_cross_entropy
    _open("utils.kernel.kernels")  # the function imports it at its first call only, too late for us to report

    def run(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
        logp, entropy = apply(hidden, weight, token, 1.0, "none", None)
        return contiguous_gradient(logp), contiguous_gradient(entropy)

    return Peer(name="verl-triton", version=release(DISTRIBUTION), run=run, entropy=True,
                note="contiguous tensors, D a multiple of 128; d hidden summed in bf16 over V / 9504 slices; row "
                     "maximum no lower than 0, so wrong far below it; sets Triton's allocator for the process")


def chunked() -> Peer:
    """Chunks of 512 tokens in plain torch, its default."""
    function = _open("utils.experimental.torch_functional").FusedLinearForPPOFunction

    def run(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
        logp, entropy = function.apply(hidden, weight, token, 1.0, 512)
        return logp, entropy

    return Peer(name="verl-chunked", version=release(DISTRIBUTION), run=run, entropy=True,
                note="logits rounded to bf16, entropy returned in bf16, d weight summed over the chunks in bf16; "
                     "backward computes the logits again")
