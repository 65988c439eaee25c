"""The CUDA kernels that no other test reaches without a Hopper device: what follows its product, and the scaling."""

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from crossthink.kernels import reference

from crossthink import _core
from crossthink.ops.device import address, stream, type_name

Tensor = torch.Tensor
TILE = 256
LOG2E = 1.4426950408889634


@pytest.fixture
def device(fast: str, place: Callable[[str], str]) -> str:
    if fast != "cuda":
        pytest.skip("of the CUDA kernels alone")
    return place(fast)


def tiles_of(logits: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """What csrc/cuda/head.h says that the product leaves: (largest, s, d, 0) of each tile [T, tiles, 4], with u in
    units of log2(e) temperatures, and 2^u in bf16, in rows of whole 16 bytes."""
    whole = torch.nn.functional.pad(logits, (0, -logits.shape[1] % TILE), value=-float("inf"))
    parts = whole.view(len(logits), -1, TILE)
    top = parts.amax(2)
    u = (parts - top[..., None]).double() * LOG2E / temperature
    e = torch.exp2(u)
    sums = torch.stack([top.double(), e.sum(2), torch.where(e > 0, u * e, 0).sum(2), torch.zeros_like(top)], 2)
    return sums.float().contiguous(), e.bfloat16().view(len(logits), -1)


@pytest.mark.parametrize("vocabulary", [1, 8, 255, 257, 3001, 20_000])
@pytest.mark.parametrize("with_entropy", [False, True])
def test_log_probs_and_gradient_from_the_tiles_of_a_head(vocabulary: int, with_entropy: bool, device: str) -> None:
    torch.manual_seed(vocabulary)
    temperature, rows = 0.7, 11  # a block takes 8
    logits, token = torch.randn(rows, vocabulary) * 3, torch.randint(vocabulary, (rows,))
    upstream = torch.randn(2, rows)
    upstream[1] *= with_entropy
    double = logits.double().requires_grad_()
    truth = reference.token_logprob(double, token, temperature)
    torch.autograd.backward(truth, list(upstream.double()))

    tiles, exps = (x.to(device) for x in tiles_of(logits, temperature))
    chosen, place = logits[torch.arange(rows), token].to(device), token.to(device)
    logp, entropy = torch.full((2, rows), 9.0, device=device)
    stats = torch.full((rows, 2), 9.0, device=device)
    _core.cuda_head_rows(address(tiles), address(chosen), address(place), address(logp), address(entropy),
                         address(stats), rows, vocabulary, temperature, stream())
    for one, other in zip((logp, entropy), truth, strict=True):
        torch.testing.assert_close(one.cpu().double(), other.detach(), rtol=2e-6, atol=2e-5)

    grads = upstream.to(device)
    _core.cuda_head_gradient(address(exps), address(tiles), address(place), address(grads[0]), address(grads[1]),
                             address(logp), address(entropy), address(stats), rows, vocabulary, exps.stride(0),
                             temperature, stream())
    # half a unit of bf16 for what was kept of a logit and half a one for its gradient
    assert (exps[:, :vocabulary].cpu() - double.grad).abs().max() <= 2**-8 * double.grad.abs().max() + 1e-6


def test_a_token_outside_of_the_vocabulary_is_nan(device: str) -> None:
    tiles, _ = (x.to(device) for x in tiles_of(torch.zeros(3, 10), 1.0))
    token, chosen = torch.tensor([-1, 3, 10], device=device), torch.zeros(3, device=device)
    (logp, entropy), stats = torch.zeros(2, 3, device=device), torch.zeros(3, 2, device=device)
    _core.cuda_head_rows(address(tiles), address(chosen), address(token), address(logp), address(entropy),
                         address(stats), 3, 10, 1.0, stream())
    assert logp.isnan().tolist() == [True, False, True]
    assert logp[1].item() == pytest.approx(-2.302585, rel=1e-6)  # log 1/10


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("by", [1.0, -0.37])
@pytest.mark.parametrize("count", [1, 7, 4096, 8193, 100_003])
def test_scaling_in_place(count: int, by: float, dtype: torch.dtype, device: str) -> None:
    values = torch.linspace(-3, 5, count).to(dtype)
    x, factor = torch.cat([values, values[:1]]).to(device), torch.tensor(by, device=device)
    _core.cuda_scale(address(x), type_name(dtype), address(factor), count, stream())
    assert torch.equal(x[:-1].cpu(), (values.float() * factor.cpu()).to(dtype))
    assert x[-1] == values[0]  # behind them nothing is written
