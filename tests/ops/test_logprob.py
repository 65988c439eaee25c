"""linear_logprob and token_logprob of every backend: error to the fp64 truth at most eager's, on awkward shapes."""

import math
from collections.abc import Callable
from functools import partial

import pytest

torch = pytest.importorskip("torch")

from crossthink import ops
from crossthink.ops import head

Results = list[torch.Tensor]

# T, D, V, temperature, constant added to every logit, scale of hidden
LINEAR = {
    "one class": (3, 4, 1, 1.0, 0.0, 1.0),
    "one token": (1, 16, 1000, 1.0, 0.0, 1.0),
    "no token": (0, 16, 1000, 1.0, 0.0, 1.0),
    "odd": (257, 24, 1000, 0.7, 0.0, 1.0),
    "large vocabulary": (5, 24, 49152, 1.3, 0.0, 3.0),
    "prime vocabulary": (5, 24, 49157, 1.0, 0.0, 1.0),
    "shifted up": (7, 24, 1000, 1.0, 150.0, 1.0),
    "shifted far up": (7, 24, 1000, 1.0, 1e4, 1.0),
    "shifted down": (7, 24, 1000, 1.0, -150.0, 1.0),
    "tiny logits": (7, 24, 1536, 1.0, 0.0, 1e-4),
    "sharp": (7, 24, 1000, 0.05, 0.0, 4.0),
}
# T, V, temperature, constant added to every logit, scale, dtype
TOKEN = {
    "one class": (3, 1, 1.0, 0.0, 1.0, "float32"),
    "no token": (0, 1000, 1.0, 0.0, 1.0, "float32"),
    "one token": (1, 1000, 1.0, 0.0, 1.0, "float32"),
    "many tokens": (257, 33, 0.7, 0.0, 1.0, "float32"),
    "one tile": (2, 4096, 1.0, 0.0, 1.0, "float32"),
    "large vocabulary": (3, 49152, 1.0, 0.0, 3.0, "float32"),
    "prime vocabulary": (2, 49157, 0.5, 0.0, 3.0, "float32"),
    "shifted up": (3, 5000, 1.0, 150.0, 1.0, "float32"),
    "shifted down": (3, 5000, 1.0, -150.0, 1.0, "float32"),
    "tiny logits": (3, 1536, 1.0, 0.0, 1e-4, "float32"),
    "bf16": (3, 5000, 1.0, 0.0, 3.0, "bfloat16"),
    "bf16, odd": (3, 4999, 1.0, 0.0, 3.0, "bfloat16"),
    "fp16": (3, 5000, 1.0, 0.0, 3.0, "float16"),
}


def run(function: Callable[..., tuple[torch.Tensor, torch.Tensor]], inputs: list[torch.Tensor | None],
        dtype: torch.dtype, device: str = "cpu") -> Results:
    """Log-prob, entropy, and gradients under upstream gradients that differ from token to token, all on the CPU."""
    leaves = [None if x is None else x.to(device, dtype, copy=True).requires_grad_() for x in inputs]
    results = function(*leaves)
    generator = torch.Generator().manual_seed(9)
    upstream = [torch.randn(len(x), generator=generator).to(x) for x in results]
    torch.autograd.backward(results, upstream)
    return [x.cpu() for x in (*(r.detach() for r in results), *(x.grad for x in leaves if x is not None))]


def assert_as_near(fast: Results, eager: Results, truth: Results, rounding: float = 0.0, sharp: float = 1.0,
                   vocabulary: int = 0) -> None:
    """`rounding`: of what is written in 16 bits, relative to the largest value, where both round but not alike;
    `sharp`: a low temperature's factor on the rounding of a logit."""
    for name, f, e, t in zip(("logp", "entropy", "grad 0", "grad 1", "grad 2"), fast, eager, truth, strict=False):
        assert f.shape == t.shape
        assert f.dtype == e.dtype
        if t.numel():
            largest = float(t.abs().max())
            # fp32 sums of as many products as the vocabulary has; their order is that of the padded shape
            summed = 2**-24 * vocabulary**0.5 if name == "grad 0" else 0.0
            allowed = (e - t).abs().max() + (2e-6 * sharp + summed) * max(1.0, largest)
            allowed += (f.dtype != torch.float32) * rounding * largest
            assert (f - t).abs().max() <= allowed, name


def rounding(backend: str) -> float:
    """The interpreter cuts fp32 to 16 bits where a device rounds: one more unit of the last place."""
    return 0.0 if backend == "cpp" or torch.cuda.is_available() else 2**-8


@pytest.mark.parametrize("case", LINEAR)
@pytest.mark.parametrize("with_bias", [False, True])
def test_linear_logprob(rows: str, place: Callable[[str], str], case: str, with_bias: bool) -> None:
    tokens, size, vocabulary, temperature, shift, scale = LINEAR[case]
    torch.manual_seed(1)
    hidden, weight = torch.randn(tokens, size) * scale, torch.randn(vocabulary, size) / size**0.5
    bias = torch.randn(vocabulary) + shift if with_bias or shift else None
    token = torch.randint(vocabulary, (tokens,))

    def op(backend: str) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
        return lambda h, w, b: ops.linear_logprob(h, w, token.to(h.device), bias=b, temperature=temperature,
                                                  backend=backend)

    inputs = [hidden, weight, bias]
    found = run(op(rows), inputs, torch.float32, place(rows))
    assert_as_near(found, run(op("eager"), inputs, torch.float32, place(rows)), run(op("eager"), inputs, torch.float64),
                   sharp=max(1.0, 1 / temperature), vocabulary=vocabulary)
    assert (found[0] <= 0).all()
    assert (found[1] >= 0).all()


@pytest.mark.parametrize("case", TOKEN)
def test_token_logprob(rows: str, place: Callable[[str], str], case: str) -> None:
    tokens, vocabulary, temperature, shift, scale, name = TOKEN[case]
    dtype = getattr(torch, name)
    torch.manual_seed(5)
    logits = (torch.randn(tokens, vocabulary) * scale + shift).to(dtype)
    token = torch.randint(vocabulary, (tokens,))

    def op(backend: str) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
        return lambda x: ops.token_logprob(x, token.to(x.device), temperature=temperature, backend=backend)

    assert_as_near(run(op(rows), [logits], dtype, place(rows)), run(op("eager"), [logits], dtype),
                   run(op("eager"), [logits], torch.float64), rounding(rows))


@pytest.mark.parametrize("tile", [1, 3, 4])
def test_chunks_do_not_change_the_meaning(tile: int, fast: str, place: Callable[[str], str],
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    # 11 tokens: one at a time, three at a time with a rest, two tiles of four and a rest
    torch.manual_seed(2)
    inputs = [torch.randn(11, 8), torch.randn(50, 8), torch.randn(50)]
    token = torch.randint(50, (11,))
    monkeypatch.setattr(head, "CPU_TILE", tile)
    monkeypatch.setattr(head, "GPU_TILE", tile)
    for name in ("CPU_CHUNK", "GPU_CHUNK"):
        monkeypatch.setattr(head, name, 50 * 8)
    monkeypatch.setattr(head, "CPU_SHARE", 1)

    def op(backend: str) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
        return lambda h, w, b: ops.linear_logprob(h, w, token.to(h.device), bias=b, backend=backend)

    assert_as_near(run(op(fast), inputs, torch.float32, place(fast)),
                   *(run(op("eager"), inputs, dtype) for dtype in (torch.float32, torch.float64)))


def test_a_frozen_weight_gets_no_gradient_and_hidden_the_same_one(fast: str, place: Callable[[str], str]) -> None:
    torch.manual_seed(3)
    hidden, weight, token = (x.to(place(fast)) for x in (torch.randn(6, 8), torch.randn(30, 8),
                                                         torch.randint(30, (6,))))
    grads = []
    for frozen in (False, True):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_(not frozen)
        ops.linear_logprob(h, w, token, backend=fast)[0].sum().backward()
        grads.append(h.grad)
        assert (w.grad is None) == frozen
    assert torch.equal(*grads)


def test_only_the_weight_may_be_trained(fast: str, place: Callable[[str], str]) -> None:
    torch.manual_seed(3)
    hidden, weight, token = torch.randn(6, 8), torch.randn(30, 8), torch.randint(30, (6,))
    got, expected = (weight.to(device, copy=True).requires_grad_() for device in (place(fast), "cpu"))
    ops.linear_logprob(hidden.to(got.device), got, token.to(got.device), backend=fast)[0].sum().backward()
    ops.linear_logprob(hidden, expected, token, backend="eager")[0].sum().backward()
    torch.testing.assert_close(got.grad.cpu(), expected.grad)


def test_16_bits_are_widened_and_gradients_summed_in_fp32(fast: str, place: Callable[[str], str],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    # one token a chunk: a weight gradient kept in bf16 would lose 64 small terms beside a large one
    for name in ("CPU_CHUNK", "GPU_CHUNK", "CPU_TILE", "GPU_TILE"):
        monkeypatch.setattr(head, name, 1)
    torch.manual_seed(4)
    hidden, weight = (torch.randn(*shape).bfloat16() for shape in ((65, 8), (40, 8)))
    token = torch.randint(40, (65,))

    def op(backend: str) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
        return lambda h, w: ops.linear_logprob(h, w, token.to(h.device), backend=backend)

    found = run(op(fast), [hidden, weight], torch.bfloat16, place(fast))
    truth = run(op("eager"), [hidden, weight], torch.float64)
    assert [x.dtype for x in found] == [torch.float32] * 2 + [torch.bfloat16] * 2
    assert (found[0] - truth[0]).abs().max() < 5e-6
    # bf16 keeps 8 bits: half a unit for the result, and on the device as much for what is summed
    for got, t in zip(found[2:], truth[2:], strict=True):
        assert (got - t).abs().max() <= 2**-8 * t.abs().max()


def test_equal_logits_by_hand(rows: str, place: Callable[[str], str]) -> None:
    # 33 equal logits of 1e4: p = 1/33 for each, whatever the constant; log-prob -ln 33 = -3.496508, entropy ln 33
    logits = torch.full((2, 33), 1e4, requires_grad=True, device=place(rows))
    logp, entropy = ops.token_logprob(logits, torch.tensor([0, 32], device=place(rows)), backend=rows)
    logp.sum().backward()
    assert logp.tolist() == pytest.approx([-3.496508] * 2, abs=1e-6)
    assert entropy.tolist() == pytest.approx([3.496508] * 2, abs=1e-6)
    assert logits.grad[0, :2].tolist() == pytest.approx([32 / 33, -1 / 33])


@pytest.mark.parametrize("lowest", [-2e30, torch.finfo(torch.float32).min])
def test_a_row_that_is_masked_whole_by_a_low_number(lowest: float, rows: str, place: Callable[[str], str]) -> None:
    # three equal logits: log(1 / 3) and log 3, and dz = delta - 1 / 3
    logits = torch.full((1, 3), lowest, device=place(rows), requires_grad=True)
    logp, entropy = ops.token_logprob(logits, torch.tensor([1], device=logits.device), temperature=1.0, backend=rows)
    logp.sum().backward()
    assert [logp.item(), entropy.item()] == pytest.approx([-math.log(3), math.log(3)])
    assert logits.grad[0].tolist() == pytest.approx([-1 / 3, 2 / 3, -1 / 3])


def test_one_class_has_no_gradient(rows: str, place: Callable[[str], str]) -> None:
    # p = 1: dz = g (1 - 1) / 0.6, exactly
    logits = torch.tensor([[2.0], [-3.0]], device=place(rows), requires_grad=True)
    found = ops.token_logprob(logits, torch.zeros(2, dtype=torch.int64, device=logits.device), temperature=0.6,
                              backend=rows)
    torch.autograd.backward(found, [torch.tensor([1.1, -0.7], device=logits.device)] * 2)
    assert [x.tolist() for x in (*found, logits.grad)] == [[0, 0], [0, 0], [[0], [0]]]


@pytest.mark.parametrize("lost", [slice(0, 1), slice(17, 18), slice(39, 40), slice(0, 5000), slice(4000, 9000)])
def test_infinite_and_missing_logits(rows: str, place: Callable[[str], str], lost: slice) -> None:
    torch.manual_seed(6)
    logits = torch.randn(2, 9000)
    logits[0, lost] = -torch.inf
    logits[1, lost.start] = torch.nan
    chosen = torch.tensor([8999 if lost.stop < 9000 else 7, 5])
    x, y = logits.to(place(rows), copy=True).requires_grad_(), logits.clone().requires_grad_()
    for leaf, backend in ((x, rows), (y, "eager")):
        logp, entropy = ops.token_logprob(leaf, chosen.to(leaf.device), temperature=0.6, backend=backend)
        (logp + entropy).sum().backward()
        assert logp.isnan().tolist() == entropy.isnan().tolist() == [False, True]
    assert x.grad[0, lost].abs().max() == 0
    torch.testing.assert_close(x.grad.cpu(), y.grad, equal_nan=True, rtol=1e-5, atol=1e-6)


def test_the_number_of_threads_does_not_change_a_bit() -> None:
    torch.manual_seed(7)
    logits, token = torch.randn(257, 1003), torch.randint(1003, (257,))
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3, 7):
            torch.set_num_threads(threads)
            results.append(run(lambda x: ops.token_logprob(x, token, backend="cpp"), [logits], torch.float32))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for other in results[1:] for a, b in zip(results[0], other, strict=True))


def test_a_row_has_the_same_bits_alone_and_among_others(fast: str, place: Callable[[str], str]) -> None:
    torch.manual_seed(8)
    logits = torch.randn(33, 3001, device=place(fast))
    token = torch.randint(3001, (33,), device=place(fast))
    whole, _ = ops.token_logprob(logits, token, backend=fast)
    alone = torch.cat([ops.token_logprob(logits[i:i + 1], token[i:i + 1], backend=fast)[0] for i in range(33)])
    assert torch.equal(whole, alone)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("width", "vocabulary"), [(64, 1003), (18, 7), (5, 13), (33, 2055), (9, 70)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_token_has_the_same_bits_in_every_batch(blas: str, place: Callable[[str], str], dtype: torch.dtype,
                                                  width: int, vocabulary: int, transposed: bool) -> None:
    """Log-prob, entropy and d hidden of five tokens alone, behind seven others, and behind a pack of 150."""
    torch.manual_seed(8)
    hidden = torch.randn(155, width).to(place(blas), dtype)
    weight = torch.randn(vocabulary, width).to(place(blas), dtype)
    if transposed:
        weight = weight.T.contiguous().T
    token = torch.randint(vocabulary, (155,), device=place(blas))
    found = []
    for first in (150, 143, 0):
        h = hidden[first:].clone().requires_grad_()
        logp, entropy = ops.linear_logprob(h, weight, token[first:], temperature=0.9, backend=blas)
        (logp.sum() - 0.3 * entropy.sum()).backward()
        found.append([x[-5:] for x in (logp.detach(), entropy.detach(), h.grad)])
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))


def test_input_that_is_not_contiguous(fast: str, place: Callable[[str], str]) -> None:
    torch.manual_seed(8)
    token = torch.randint(30, (6,))
    # a transposed one, one with a longer row behind it, one that begins at an odd address, every second row
    for logits in (torch.randn(30, 6).T, torch.randn(6, 44)[:, :30], torch.randn(6 * 30 + 1)[1:].view(6, 30),
                   torch.randn(12, 30)[::2]):
        leaves = [logits.detach(), logits.detach().clone(memory_format=torch.contiguous_format)]
        strided = leaves[0].to(place(fast)).requires_grad_()
        plain = leaves[1].requires_grad_()
        for leaf, backend in ((strided, fast), (plain, "eager")):
            logp, entropy = ops.token_logprob(leaf, token.to(leaf.device), backend=backend)
            (logp + 0.1 * entropy).sum().backward()
        torch.testing.assert_close(strided.grad.cpu(), plain.grad)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_weight_in_any_layout(dtype: torch.dtype, fast: str, place: Callable[[str], str]) -> None:
    torch.manual_seed(8)
    normal = partial(torch.randn, dtype=dtype, device=place(fast))
    hidden, token = normal(6, 8), torch.randint(30, (6,), device=place(fast))
    # every second column, a transposed one, every second row, one row for all words, one number for all
    for weight in (normal(30, 16)[:, ::2], normal(8, 30).T, normal(60, 8)[::2], normal(1, 8).expand(30, 8),
                   normal(1, 1).expand(30, 8)):
        leaves = [weight.detach().requires_grad_(), weight.clone(memory_format=torch.contiguous_format)]
        for leaf in leaves:
            ops.linear_logprob(hidden, leaf.requires_grad_(), token, backend=fast)[0].sum().backward()
        torch.testing.assert_close(leaves[0].grad, leaves[1].grad)


def test_a_token_outside_of_the_vocabulary_is_nan_on_the_device(on_device: str, place: Callable[[str], str]) -> None:
    device = place(on_device)
    logp, _ = ops.token_logprob(torch.zeros(3, 3, device=device), torch.tensor([0, 3, -1], device=device),
                                backend=on_device)
    assert logp.isnan().tolist() == [False, True, True]


def test_autocast_rounds_nothing(backend: str, place: Callable[[str], str]) -> None:
    # logits 1 + 2^-10 and 0, whose first bf16 would round to 1: logp = -log(1 + e^-(1 + 2^-10)) = -0.312999, not
    # -0.313262; its slope 1 - p = 1 - e^-0.312999 = 0.268749, not 0.268941
    hidden = torch.tensor([[1 + 2**-10]], device=place(backend), requires_grad=True)
    weight, token = torch.tensor([[1.0], [0.0]], device=hidden.device), torch.zeros(1, dtype=torch.int64)
    with torch.autocast(hidden.device.type, torch.bfloat16):
        logp, _ = ops.linear_logprob(hidden, weight, token.to(hidden.device), backend=backend)
    logp.backward()
    assert logp.item() == pytest.approx(-0.312999, abs=2e-6)
    assert hidden.grad.item() == pytest.approx(0.268749, abs=2e-6)
