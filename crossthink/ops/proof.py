"""A GPU backend proves itself at its first use: a few rows of the same width and dtype, held against the specification.

A compiler, a driver or a card that was never tried can make wrong numbers without an error; training on them would look
like a bad recipe. What is proven are our kernels, the product on Hopper among them; the others are the vendor's.
"""

from functools import cache

import torch

from crossthink.kernels import reference  # type: ignore[import-untyped, unused-ignore]
from crossthink.kernels.loss_options import LossOptions  # type: ignore[import-untyped, unused-ignore]
from crossthink.ops import hopper, policy
from crossthink.ops.advantage import group_advantage
from crossthink.ops.head import Needs
from crossthink.ops.rows import over, rows_backward, rows_forward

Tensor = torch.Tensor

ROWS = 5


@cache
def failure(op: str, backend: str, device: torch.device, width: int, dtype: torch.dtype) -> str:
    """What is wrong with a backend for an op, on this device, for rows of this width and dtype; "" where nothing is."""
    try:
        # the specification's gradients, whatever the caller needs; numbers from the CPU, whatever torch's defaults
        with torch.enable_grad(), torch.device("cpu"):
            if op == "group_advantage":
                return _advantages(backend, device)
            if op == "policy_loss":
                return _terms(backend, device)
            if op == "token_logprob":
                return _rows(backend, device, width, dtype, dtype)
            wrong = _rows(backend, device, width, torch.float32, dtype) or _head(backend, device, width, dtype)
            return wrong or (_terms(backend, device) if op == "linear_policy_loss" else "")
    except RuntimeError as error:  # a kernel that does not compile or launch
        return str(error).splitlines()[0]


def _rows(backend: str, device: torch.device, width: int, dtype: torch.dtype, grad_dtype: torch.dtype) -> str:
    generator = torch.Generator().manual_seed(0)
    logits = (4 * _normal(generator, ROWS, width) + 30).to(device, dtype)
    token = torch.randint(width, (ROWS,), generator=generator).to(device)
    grads = _normal(generator, 2, ROWS).to(device)
    leaf = logits.double().requires_grad_()
    expected = reference.token_logprob(leaf, token, 0.7)
    torch.autograd.backward(expected, list(grads.double()))
    logp, entropy, stats = rows_forward(backend, logits, token, 0.7)
    dz = over(logits, grad_dtype)
    rows_backward(backend, logits, token, (grads[0], grads[1]), (entropy, stats), 0.7, dz)
    coarse = 1e-5 if grad_dtype == torch.float32 else 2**-8
    return (_differs("log-prob", logp, expected[0], 1e-5) or _differs("entropy", entropy, expected[1], 1e-5)
            or _differs("gradient", dz, leaf.grad, coarse))


def _head(backend: str, device: torch.device, width: int, dtype: torch.dtype) -> str:
    """Of a head with a product of ours; the general one's are the vendor's."""
    generator = torch.Generator().manual_seed(0)
    hidden, weight = (_normal(generator, n, 72).to(device, dtype) for n in (ROWS, width))
    if not hopper.fits(hidden, weight, backend):
        return ""
    token = torch.randint(width, (ROWS,), generator=generator).to(device)
    bias, grads = (_normal(generator, *shape).to(device) for shape in ((width,), (2, ROWS)))
    hidden_leaf, weight_leaf = (x.double().requires_grad_() for x in (hidden, weight))
    expected = reference.linear_logprob(hidden_leaf, weight_leaf, token, bias.double(), temperature=5.0)
    torch.autograd.backward(expected, list(grads.double()))
    head = hopper.HopperHead(hidden, weight, bias, token, 5.0, Needs(hidden=True, weight=True, bias=False))
    logp, entropy = torch.empty(2, ROWS, dtype=torch.float32, device=device)
    for part in head.parts:
        head.logits(part)
        found = head.rows(part)
        logp[part], entropy[part], _ = found
        head.backward(part, (grads[0, part], grads[1, part]), found)
    grad_hidden, grad_weight, _ = head.grads()
    return (_differs("log-prob", logp, expected[0], 1e-5) or _differs("entropy", entropy, expected[1], 1e-5)
            or _differs("gradient of hidden states", grad_hidden, hidden_leaf.grad, 2**-7)
            or _differs("gradient of the weight", grad_weight, weight_leaf.grad, 2**-7))


def _terms(backend: str, device: torch.device) -> str:
    generator = torch.Generator().manual_seed(0)
    logp, old, advantage, ref = (_normal(generator, 70).to(device) for _ in range(4))
    mask, sequence = torch.arange(70, device=device) % 5 != 0, torch.arange(70, device=device) // 9
    options = LossOptions(kl_coef=0.1)
    leaf = logp.double().requires_grad_()
    expected, _ = reference.policy_loss(leaf, old, advantage, mask, sequence, options, ref)
    torch.autograd.backward(expected)
    scale, count = policy.token_weights(backend, mask, sequence, options)
    columns = policy.Columns(old, advantage, ref, None, count)
    grad, parts = policy.policy_terms(backend, logp, columns, scale, mask, options)
    loss, _ = policy.policy_results(backend, parts)
    return _differs("loss", loss, expected, 1e-5) or _differs("gradient", grad, leaf.grad, 1e-5)


def _advantages(backend: str, device: torch.device) -> str:
    generator = torch.Generator().manual_seed(0)
    reward = _normal(generator, 300).to(device)
    group = torch.cat([torch.zeros(200, dtype=torch.int64), torch.arange(100) // 8 + 1]).to(device)
    found = group_advantage(reward, group, "grpo", 1e-6, backend)
    return _differs("advantage", found, reference.group_advantage(reward.double(), group), 1e-5)


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float32)


def _differs(name: str, found: Tensor, expected: Tensor | None, tolerance: float) -> str:
    """A line where `found` is farther from what is expected than `tolerance`, relative to the largest value."""
    assert expected is not None
    gap, largest = float((found - expected.detach()).abs().max()), float(expected.detach().abs().max())
    return "" if gap <= tolerance * max(largest, 1e-3) else f"{name} off by {gap:.3g} of {largest:.3g}"
