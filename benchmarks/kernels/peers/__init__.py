r"""The peers of our fused log-prob and policy-loss kernels: those that import here, and why the others do not.

Nothing of theirs is copied: each is imported from its own wheel, the first time it is asked for.

    python -m pip install --no-deps --target /tmp/site-packages liger-kernel==0.8.5 trl==1.16.0 verl==0.9.1 \
        cut-cross-entropy==25.1.1
    cd benchmarks/kernels && PYTHONPATH=/tmp/site-packages python -m peers   # each against an fp64 truth

The folder is named site-packages because QuACK takes a library's functions for its own, and fails, where it is not.
CuTe-DSL lies deeper: its peers need /tmp/site-packages/nvidia_cutlass_dsl/dsl_packages on the path as well.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from . import cce, liger, native, quack, trl_chunked, verl_fused
from .record import LossPeer, Peer

__all__ = ["LOSS_PEERS", "PEERS", "LossPeer", "Peer", "loss_peers", "peers"]

PEERS: dict[str, Callable[[], Peer]] = {
    "torch-eager": native.eager,
    "torch-compile": native.compiled,
    "torch-chunked": native.chunked,
    "liger-flce": liger.cross_entropy,
    "liger-flce-fp32": liger.cross_entropy_fp32,
    "liger-cute": liger.cute,
    "trl-chunked": trl_chunked.chunked,
    "verl-triton": verl_fused.triton,
    "verl-chunked": verl_fused.chunked,
    "cce": cce.cut,
    "cce-exact": cce.cut_exact,
}
LOSS_PEERS: dict[str, Callable[[], LossPeer]] = {
    "torch-eager": native.eager_loss,
    "torch-compile": native.compiled_loss,
    "liger-grpo": liger.grpo,
    "liger-flce-fp32": liger.cross_entropy_mean,
    "quack": quack.cross_entropy_mean,
}


Kind = TypeVar("Kind", Peer, LossPeer)


def _load(table: Mapping[str, Callable[[], Kind]], only: Collection[str] | None) -> tuple[list[Kind], dict[str, str]]:
    if unknown := set(only or ()) - table.keys():
        raise ValueError(f"no such peer: {sorted(unknown)}; there are {sorted(table)}")
    found: list[Kind] = []
    missing: dict[str, str] = {}
    for name, load in table.items():
        if only is not None and name not in only:
            continue
        try:
            found.append(load())
        except Exception as error:  # whatever a stranger's import raises is a reason, and no end to the run
            missing[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    return found, missing


def peers(only: Collection[str] | None = None) -> tuple[list[Peer], dict[str, str]]:
    """The log-prob peers that import, all or those named, and for each that does not its exception in one line."""
    return _load(PEERS, only)


def loss_peers(only: Collection[str] | None = None) -> tuple[list[LossPeer], dict[str, str]]:
    """The same for the losses."""
    return _load(LOSS_PEERS, only)
