"""The head's own product on Hopper: against fp64, and in the places where its tiles end.

Elsewhere the general head runs (test_linear_policy.py), and this file says that it needs such a device.
"""

import pytest

torch = pytest.importorskip("torch")

from crossthink import _core, ops
from crossthink.ops import head, hopper
from crossthink.ops.head import Needs

Tensor = torch.Tensor
HOPPER = torch.cuda.is_available() and _core.with_cuda and torch.cuda.get_device_capability() == (9, 0)
pytestmark = pytest.mark.skipif(not HOPPER, reason="needs a device of compute capability 9.0 and the CUDA kernels")

TILES = [
    (1, 8, 1),  # one word: log-prob 0, no gradient
    (7, 72, 257),  # a second tile of one word; columns that end within a stage of 64
    (127, 64, 256), (128, 64, 256), (129, 64, 256),  # tokens around a tile
    (257, 136, 1000),  # a third pair of tiles of tokens, words that are no multiple of 8
    (513, 896, 3001),
]


def inputs(tokens: int, size: int, vocabulary: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Hidden states and a weight in bf16, a bias and tokens; logits with a spread of about 3."""
    torch.manual_seed(tokens)
    hidden, weight = torch.randn(tokens, size), torch.randn(vocabulary, size) * 3 / size**0.5
    return (hidden.cuda().bfloat16(), weight.cuda().bfloat16(), torch.randn(vocabulary).cuda(),
            torch.randint(vocabulary, (tokens,)).cuda())


@pytest.mark.parametrize("shape", TILES, ids=str)
@pytest.mark.parametrize("with_bias", [False, True])
def test_against_fp64(shape: tuple[int, int, int], with_bias: bool) -> None:
    hidden, weight, bias, token = inputs(*shape)
    assert hopper.fits(hidden, weight, "cuda")
    leaves = [x.clone().requires_grad_() for x in (hidden, weight, *([bias] if with_bias else []))]
    doubles = [x.detach().double().requires_grad_() for x in leaves]
    upstream = torch.randn(2, shape[0]).cuda()
    found = ops.linear_logprob(*leaves[:2], token, bias=leaves[2] if with_bias else None, temperature=0.7,
                               backend="cuda")
    truth = ops.linear_logprob(*doubles[:2], token, bias=doubles[2] if with_bias else None, temperature=0.7,
                               backend="eager")
    for one, other in zip(found, truth, strict=True):
        # an fp32 sum over `size` products, whose terms are 3 / sqrt(size) each, divided by the temperature
        assert (one - other).abs().max() < 2e-6 * (other.abs().max() + shape[1] ** 0.5)
    torch.autograd.backward(found, list(upstream))
    torch.autograd.backward(truth, list(upstream.double()))
    for leaf, double in zip(leaves, doubles, strict=True):
        # half a unit of bf16 for what is kept of a logit, for its gradient and for the result
        assert (leaf.grad - double.grad).abs().max() <= 1.5 * 2**-8 * double.grad.abs().max() + 1e-9


def test_a_token_has_the_same_bits_in_every_batch() -> None:
    hidden, weight, _, token = inputs(700, 200, 1003)
    upstream = torch.randn(700).cuda()
    found = []
    for rows in (slice(699, 700), slice(500, 700), slice(0, 700)):
        leaf = hidden[rows].clone().requires_grad_()
        logp, entropy = ops.linear_logprob(leaf, weight, token[rows], backend="cuda")
        torch.autograd.backward([logp, entropy], [upstream[rows], upstream[rows]])
        found.append((logp[-1:], entropy[-1:], leaf.grad[-1:]))
    for other in found[1:]:
        assert all(torch.equal(one, two) for one, two in zip(found[0], other, strict=True))


def test_chunks_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden, weight, _, token = inputs(700, 64, 1003)
    found = []
    for tile in (head.GPU_TILE, 256):
        monkeypatch.setattr(head, "GPU_TILE", tile)
        monkeypatch.setattr(head, "GPU_CHUNK", tile * 1003)
        leaves = [x.clone().requires_grad_() for x in (hidden, weight)]
        logp, _ = ops.linear_logprob(*leaves, token, backend="cuda")
        (logp * logp).sum().backward()
        found.append([logp, *(leaf.grad for leaf in leaves)])
    assert torch.equal(found[0][0], found[1][0])
    for one, other in zip(*found, strict=True):
        assert (one - other).abs().max() <= 2**-8 * one.abs().max()


def test_a_token_that_is_nearly_certain_keeps_its_gradient() -> None:
    # one word, 20 above 999 others at 0: 1 - p = 999 e^-20 / (1 + 999 e^-20) = 2.0591e-6, which a p rounded to bf16
    # (one in 256) would lose; d hidden = (1 - p) w_0 - sum of the others' p w = 2.0591e-6 * 20 in the first column
    weight = torch.zeros(1000, 8, device="cuda", dtype=torch.bfloat16)
    weight[0, 0] = 20.0
    hidden = torch.zeros(3, 8, device="cuda", dtype=torch.bfloat16)
    hidden[:, 0] = 1.0
    hidden.requires_grad_()
    logp, _ = ops.linear_logprob(hidden, weight, torch.zeros(3, dtype=torch.int64, device="cuda"), backend="cuda")
    logp.sum().backward()
    assert logp.tolist() == pytest.approx([-2.0591e-6] * 3, rel=0.1)  # fp32 has 6e-8 near 0
    assert hidden.grad[:, 0].tolist() == pytest.approx([2.0591e-6 * 20] * 3, rel=0.1)


def test_words_that_a_bias_excludes_have_no_part() -> None:
    hidden, weight, bias, token = inputs(130, 64, 600)
    bias[300:] = -torch.inf
    token %= 300
    leaf = weight.clone().requires_grad_()
    logp, entropy = ops.linear_logprob(hidden, leaf, token, bias=bias, backend="cuda")
    fewer = ops.linear_logprob(hidden, weight[:300], token, bias=bias[:300], backend="cuda")
    torch.testing.assert_close((logp, entropy), fewer, rtol=0, atol=1e-6)
    (logp.sum() + entropy.sum()).backward()
    assert leaf.grad.isfinite().all()
    assert (leaf.grad[300:] == 0).all()


def test_what_is_no_number_stays_none_and_keeps_to_its_row() -> None:
    hidden, weight, _, token = inputs(130, 64, 600)
    hidden[5, 3] = torch.nan
    token[7] = 600
    logp, entropy = ops.linear_logprob(hidden, weight, token, backend="cuda")
    assert logp.isnan().nonzero()[:, 0].tolist() == [5, 7]
    assert entropy.isnan().nonzero()[:, 0].tolist() == [5]


def test_what_does_not_fit_goes_to_the_general_head() -> None:
    hidden, weight, _, token = inputs(20, 12, 50)  # rows of 24 bytes: copies of tiles want 16
    assert not hopper.fits(hidden, weight, "cuda")
    found = ops.linear_logprob(hidden, weight, token, backend="cuda")
    truth = ops.linear_logprob(hidden.double(), weight.double(), token, backend="eager")
    torch.testing.assert_close([x.double() for x in found], list(truth), rtol=0, atol=1e-5)


def test_without_gradients_nothing_is_kept() -> None:
    hidden, weight, _, token = inputs(300, 64, 50_000)
    ops.linear_logprob(hidden, weight, token, backend="cuda")  # proven, and the library's memory taken
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    with torch.no_grad():
        ops.linear_logprob(hidden, weight, token, backend="cuda")
    # 196 tiles of 16 bytes for each token are 0.9 MiB; logits in bf16 would be 28.6 MiB
    assert torch.cuda.max_memory_allocated() - before < 2 << 20
    assert len(hopper.HopperHead(hidden, weight, None, token, 1.0, Needs(False, False, False)).buffer) == 0
