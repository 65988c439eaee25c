"""linear_logprob and token_logprob of the C++ core: error to the fp64 truth at most eager fp32's, on awkward shapes."""

from collections.abc import Callable, Iterator

import pytest

torch = pytest.importorskip("torch")

from crossthink import _core, ops
from crossthink.ops import cpp_logprob

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
    "shifted down": (7, 24, 1000, 1.0, -150.0, 1.0),
    "tiny logits": (7, 24, 1536, 1.0, 0.0, 1e-4),
    "sharp": (7, 24, 1000, 0.05, 0.0, 4.0),
}


@pytest.fixture(params=_core.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every instruction set of this machine in turn."""
    _core.use_isa(request.param)
    yield request.param
    _core.use_isa(_core.available_isas()[0])


def run(function: Callable[..., tuple[torch.Tensor, torch.Tensor]], inputs: list[torch.Tensor | None],
        dtype: torch.dtype) -> Results:
    """Log-prob, entropy, and gradients under upstream gradients that differ from token to token."""
    leaves = [None if x is None else x.to(dtype, copy=True).requires_grad_() for x in inputs]
    results = function(*leaves)
    generator = torch.Generator().manual_seed(9)
    upstream = [torch.randn(len(x), generator=generator).to(x.dtype) for x in results]
    torch.autograd.backward(results, upstream)
    return [*(x.detach() for x in results), *(x.grad for x in leaves if x is not None)]


def assert_as_near(fast: Results, eager: Results, truth: Results) -> None:
    for name, f, e, t in zip(("logp", "entropy", "grad 0", "grad 1", "grad 2"), fast, eager, truth, strict=False):
        assert f.shape == t.shape
        if t.numel():
            allowed = (e - t).abs().max() + 2e-6 * max(1.0, float(t.abs().max()))
            assert (f - t).abs().max() <= allowed, name


@pytest.mark.parametrize("case", LINEAR)
@pytest.mark.parametrize("with_bias", [False, True])
def test_linear_logprob(isa: str, case: str, with_bias: bool) -> None:
    tokens, size, vocabulary, temperature, shift, scale = LINEAR[case]
    torch.manual_seed(1)
    hidden, weight = torch.randn(tokens, size) * scale, torch.randn(vocabulary, size) / size**0.5
    bias = torch.randn(vocabulary) + shift if with_bias or shift else None
    token = torch.randint(vocabulary, (tokens,))

    def op(backend: str) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
        return lambda h, w, b: ops.linear_logprob(h, w, token, bias=b, temperature=temperature, backend=backend)

    inputs = [hidden, weight, bias]
    fast = run(op("cpp"), inputs, torch.float32)
    assert_as_near(fast, run(op("eager"), inputs, torch.float32), run(op("eager"), inputs, torch.float64))
    assert (fast[0] <= 0).all()
    assert (fast[1] >= 0).all()


@pytest.mark.parametrize("chunk", [1, 3 * 50, 1 << 24])
def test_chunks_do_not_change_the_meaning(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # 11 tokens of 50 classes: one at a time, three at a time with a rest, all at once
    torch.manual_seed(2)
    inputs = [torch.randn(11, 8), torch.randn(50, 8), torch.randn(50)]
    token = torch.randint(50, (11,))
    monkeypatch.setattr(cpp_logprob, "CHUNK_ELEMENTS", chunk)
    fast = run(lambda h, w, b: ops.linear_logprob(h, w, token, bias=b, backend="cpp"), inputs, torch.float32)
    eager, truth = (run(lambda h, w, b: ops.linear_logprob(h, w, token, bias=b, backend="eager"), inputs, dtype)
                    for dtype in (torch.float32, torch.float64))
    assert_as_near(fast, eager, truth)


def test_a_frozen_weight_gets_no_gradient_and_hidden_the_same_one() -> None:
    torch.manual_seed(3)
    hidden, weight, token = torch.randn(6, 8), torch.randn(30, 8), torch.randint(30, (6,))
    grads = []
    for frozen in (False, True):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_(not frozen)
        ops.linear_logprob(h, w, token, backend="cpp")[0].sum().backward()
        grads.append(h.grad)
        assert (w.grad is None) == frozen
    assert torch.equal(*grads)


def test_only_the_weight_may_be_trained() -> None:
    torch.manual_seed(3)
    hidden, weight, token = torch.randn(6, 8), torch.randn(30, 8, requires_grad=True), torch.randint(30, (6,))
    ops.linear_logprob(hidden, weight, token, backend="cpp")[0].sum().backward()
    expected = weight.detach().clone().requires_grad_()
    ops.linear_logprob(hidden, expected, token, backend="eager")[0].sum().backward()
    torch.testing.assert_close(weight.grad, expected.grad)


def test_bf16_is_widened_and_its_gradient_summed_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    # one token a chunk: a weight gradient kept in bf16 would lose 64 small terms beside a large one
    monkeypatch.setattr(cpp_logprob, "CHUNK_ELEMENTS", 1)
    torch.manual_seed(4)
    hidden, weight = (torch.randn(*shape).bfloat16() for shape in ((65, 8), (40, 8)))
    token = torch.randint(40, (65,))
    h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
    logp, _ = ops.linear_logprob(h, w, token, backend="cpp")
    logp.sum().backward()
    h64, w64 = hidden.double().requires_grad_(), weight.double().requires_grad_()
    truth, _ = ops.linear_logprob(h64, w64, token, backend="eager")
    truth.sum().backward()
    assert (logp.dtype, h.grad.dtype, w.grad.dtype) == (torch.float32, torch.bfloat16, torch.bfloat16)
    assert (logp - truth).abs().max() < 5e-6
    assert torch.equal(w.grad, w64.grad.bfloat16()) or (w.grad - w64.grad).abs().max() <= 2**-8 * w64.grad.abs().max()


@pytest.mark.parametrize(("tokens", "vocabulary"), [(3, 1), (2, 2), (257, 1000), (3, 49157), (0, 5), (1, 4096)])
def test_token_logprob(isa: str, tokens: int, vocabulary: int) -> None:
    torch.manual_seed(5)
    logits, token = torch.randn(tokens, vocabulary) * 3, torch.randint(vocabulary, (tokens,))
    results = {(backend, dtype): run(lambda x, b=backend: ops.token_logprob(x, token, temperature=0.8, backend=b),
                                     [logits], dtype)
               for backend, dtype in (("cpp", torch.float32), ("eager", torch.float32), ("eager", torch.float64))}
    assert_as_near(*results.values())


def test_equal_logits_by_hand(isa: str) -> None:
    # 33 equal logits of 1e4: p = 1/33 for each, whatever the constant; log-prob -ln 33 = -3.496508, entropy ln 33
    logits = torch.full((2, 33), 1e4, requires_grad=True)
    logp, entropy = ops.token_logprob(logits, torch.tensor([0, 32]), backend="cpp")
    logp.sum().backward()
    assert logp.tolist() == pytest.approx([-3.496508] * 2, abs=1e-6)
    assert entropy.tolist() == pytest.approx([3.496508] * 2, abs=1e-6)
    assert logits.grad[0, :2].tolist() == pytest.approx([32 / 33, -1 / 33])


@pytest.mark.parametrize("place", [0, 17, 39])
def test_infinite_and_missing_logits(isa: str, place: int) -> None:
    torch.manual_seed(6)
    logits = torch.randn(2, 40)
    logits[0, place] = -torch.inf
    logits[1, place] = torch.nan
    token = torch.tensor([5, 5])
    x, y = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    for leaf, backend in ((x, "cpp"), (y, "eager")):
        logp, entropy = ops.token_logprob(leaf, token, backend=backend)
        (logp + entropy).sum().backward()
        assert logp.isnan().tolist() == entropy.isnan().tolist() == [False, True]
    assert x.grad[0, place] == 0
    torch.testing.assert_close(x.grad, y.grad, equal_nan=True, rtol=1e-5, atol=1e-6)


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


def test_a_rows_result_does_not_depend_on_the_others() -> None:
    torch.manual_seed(8)
    logits, token = torch.randn(65, 3001), torch.randint(3001, (65,))
    whole, _ = ops.token_logprob(logits, token, backend="cpp")
    alone = torch.cat([ops.token_logprob(logits[i:i + 1], token[i:i + 1], backend="cpp")[0] for i in range(65)])
    assert torch.equal(whole, alone)


def test_non_contiguous_input() -> None:
    torch.manual_seed(8)
    logits, token = torch.randn(30, 6).T, torch.randint(30, (6,))
    got, _ = ops.token_logprob(logits, token, backend="cpp")
    torch.testing.assert_close(got, ops.token_logprob(logits, token, backend="eager")[0])
