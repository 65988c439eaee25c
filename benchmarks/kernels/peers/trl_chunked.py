"""TRL's ChunkedLogProbFunction, from its file alone: trl itself needs datasets, which the file does not."""

import sys
from contextlib import nullcontext
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import torch

from .record import Peer, Tensor, folder, release

ROOT = "_peer_trl"
"""Not trl: a name of our own leaves an importable trl alone."""
CHUNK = 32768
"""Vocabulary columns a tile, as in trl/trainer/utils.py."""


def _module(name: str, **attributes: Any) -> None:
    module = ModuleType(name)
    module.__path__ = []
    vars(module).update(attributes)
    sys.modules[name] = module


def chunked() -> Peer:
    """Tiles of 4096 tokens by 32768 columns through cuBLAS, a Triton pass over each (torch on the CPU)."""
    path = folder("trl") / "kernels" / "chunked_logprob.py"
    _module(ROOT)
    _module(f"{ROOT}.kernels")
    _module(f"{ROOT}.trainer")
    # backward imports this from ..trainer.utils; without ZeRO-3 trl's own is a null context as well
    _module(f"{ROOT}.trainer.utils", maybe_gather_lm_head_ctx=lambda *parameters: nullcontext())
    spec = spec_from_file_location(f"{ROOT}.kernels.chunked_logprob", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    function: type[torch.autograd.Function] = module.ChunkedLogProbFunction

    def run(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
        # bias, token, temperature, columns, softcap, scale, outputs
        logp, entropy, *_ = function.apply(hidden, weight, None, token, 1.0, CHUNK, None, 1.0, ("entropy",))
        return logp, entropy

    return Peer(name="trl-chunked", version=release("trl"), run=run, entropy=True,
                note="logits rounded to bf16; gradients summed in fp32; backward computes the logits again")
