"""Each peer that imports, against an fp64 truth: errors of log-probs, entropy and gradients, or what it raises.

    cd benchmarks/kernels && python -m peers --tokens 384 --hidden 512 --vocabulary 5120

logp, entropy, loss: the largest absolute error. d hidden, d weight: ||x - truth|| / ||truth||, under an upstream
gradient that differs from token to token. "changed its inputs": the peer has written to hidden or weight.
"""

import argparse
from collections.abc import Callable
from functools import partial

import torch

from . import LOSS_PEERS, PEERS, loss_peers, peers
from .native import clipped, log_softmax_outputs
from .record import Tensor

Outputs = dict[str, Tensor]
Pair = tuple[Tensor, Tensor]


def leaves(hidden: Tensor, weight: Tensor, dtype: torch.dtype | None = None) -> Pair:
    """Copies that gather gradients of their own."""
    first, second = (x.detach().to(dtype or x.dtype, copy=True).requires_grad_() for x in (hidden, weight))
    return first, second


def log_probs(run: Callable[..., tuple[Tensor, Tensor | None]], hidden: Tensor, weight: Tensor, token: Tensor,
              upstream: Tensor, entropy: bool) -> Outputs:
    """A log-prob peer's outputs and gradients, the entropy's gradient among them where it has one."""
    logp, h = run(hidden, weight, token)
    objective = (logp * upstream[0]).sum()
    if entropy:
        assert h is not None
        objective = objective + (h * upstream[1]).sum()
    objective.backward()
    found = {"logp": logp, "d hidden": hidden.grad, "d weight": weight.grad} | ({"entropy": h} if entropy else {})
    return {name: x.detach().double() for name, x in found.items() if x is not None}


def loss_value(loss: Callable[..., Tensor], hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor,
               advantage: Tensor) -> Outputs:
    """A loss peer's value and gradients."""
    value = loss(hidden, weight, token, old_logp, advantage)
    value.backward()
    assert hidden.grad is not None
    assert weight.grad is not None
    return {"loss": value.detach().double(), "d hidden": hidden.grad.double(), "d weight": weight.grad.double()}


def report(name: str, theirs: Callable[[], Outputs], truth: Outputs, inputs: Pair, before: Pair) -> None:
    """One line; a peer that raises is a line as well."""
    try:
        got = theirs()
    except Exception as error:
        print(f"{name:22} {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
        return
    parts = [f"{key} {(x - truth[key]).norm() / truth[key].norm():.1e}" if key.startswith("d ")
             else f"{key} {(x - truth[key]).abs().max():.1e}" for key, x in got.items()]
    changed = any(not torch.equal(a, b) for a, b in zip(inputs, before, strict=True))
    print(f"{name:22} {'   '.join(parts)}{'   changed its inputs' if changed else ''}")


def exact(hidden: Tensor, weight: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
    """The truth, of fp64 inputs."""
    return log_softmax_outputs(hidden @ weight.T, token)


def exact_loss(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor, advantage: Tensor) -> Tensor:
    """The truth of the policy losses."""
    return clipped(exact(hidden, weight, token)[0], old_logp, advantage)


def exact_mean(hidden: Tensor, weight: Tensor, token: Tensor, old_logp: Tensor, advantage: Tensor) -> Tensor:
    """The truth of the losses that are mean(-logp)."""
    return -exact(hidden, weight, token)[0].mean()


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--only", nargs="*", help="names of peers; all without it")
    for name, size in (("tokens", 384), ("hidden", 512), ("vocabulary", 5120), ("sequences", 3)):
        parser.add_argument(f"--{name}", type=int, default=size)
    return parser.parse_args()


def main() -> None:
    """Small tensors, every peer."""
    args = arguments()
    torch.manual_seed(0)
    t, d, v = args.tokens, args.hidden, args.vocabulary
    place = {"device": args.device, "dtype": getattr(torch, args.dtype)}
    hidden, weight = torch.randn(t, d, **place), torch.randn(v, d, **place) * 3 / d**0.5
    token, upstream = torch.randint(v, (t,), device=args.device), torch.randn(2, t, device=args.device)
    advantage = torch.randn(args.sequences, device=args.device)
    before = hidden.clone(), weight.clone()

    def wide() -> Pair:
        return leaves(hidden, weight, torch.float64)

    # ratios on both sides of the clipping, none so near to it that rounding could move it across
    gap = torch.where(torch.rand(t, device=args.device) < 0.5, 0.1, 0.4) * upstream[1].sign()
    old_logp = (exact(*wide(), token)[0].detach() + gap).float()

    truth = {entropy: log_probs(exact, *wide(), token, upstream.double(), entropy) for entropy in (False, True)}
    chosen = {*PEERS, *LOSS_PEERS} if args.only is None else set(args.only)
    found, missing = peers(chosen - (LOSS_PEERS.keys() - PEERS.keys()))
    for peer in found:
        inputs = leaves(hidden, weight)
        report(peer.name, partial(log_probs, peer.run, *inputs, token, upstream, peer.entropy), truth[peer.entropy],
               inputs, before)

    losses = {policy: loss_value(function, *wide(), token, old_logp.double(), advantage.double())
              for policy, function in ((True, exact_loss), (False, exact_mean))}
    found_losses, missing_losses = loss_peers(chosen - (PEERS.keys() - LOSS_PEERS.keys()))
    for rival in found_losses:
        inputs = leaves(hidden, weight)
        report(f"{rival.name} loss", partial(loss_value, rival.loss, *inputs, token, old_logp, advantage),
               losses[rival.policy], inputs, before)
    for name, reason in [*missing.items(), *((f"{name} loss", reason) for name, reason in missing_losses.items())]:
        print(f"{name:22} missing: {reason}")


if __name__ == "__main__":
    main()
