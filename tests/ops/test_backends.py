"""The face of the ops: which backend runs, errors instead of silent substitutes, and torch's contract of custom ops."""

import logging
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from crossthink.kernels.loss_options import LossOptions
from torch.autograd import forward_ad

from crossthink import _core, ops
from crossthink.ops import backends

LOGITS, TOKEN = torch.zeros(2, 3), torch.tensor([0, 2])


def test_auto_is_the_core_on_the_cpu_and_is_logged_once(caplog: pytest.LogCaptureFixture,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_used", {})
    with caplog.at_level(logging.INFO, "crossthink.ops"):
        ops.token_logprob(LOGITS, TOKEN)
        ops.token_logprob(LOGITS, TOKEN)
        ops.token_logprob(LOGITS, TOKEN, backend="eager")
    assert [r.message for r in caplog.records] == [f"token_logprob runs on cpp ({_core.isa()})",
                                                   "token_logprob runs on eager"]
    assert ops.backends_in_use()["token_logprob"] == f"cpp ({_core.isa()}), eager"
    if not torch.cuda.is_available():
        assert ops.backends_in_use()["group_advantage"] == f"cpp ({_core.isa()})"


def test_a_named_backend_that_cannot_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    with pytest.raises(ValueError, match="no backend 'rocm'; it has auto, cpp, triton, cuda, eager"):
        ops.token_logprob(LOGITS, TOKEN, backend="rocm")
    with pytest.raises(ValueError, match="takes CUDA tensors, got cpu" if _core.with_cuda else "CROSSTHINK_CUDA=ON"):
        ops.token_logprob(LOGITS, TOKEN, backend="cuda")
    with pytest.raises(ValueError, match="TRITON_INTERPRET=1"):
        ops.token_logprob(LOGITS, TOKEN, backend="triton")
    with pytest.raises(ValueError, match=r"got torch\.float64; backend='eager'"):
        ops.token_logprob(LOGITS.double(), TOKEN)
    with pytest.raises(ValueError, match="takes CPU tensors, got meta"):
        ops.token_logprob(LOGITS.to("meta"), TOKEN.to("meta"), backend="cpp")
    with pytest.raises(ValueError, match="does not run the instruction set sse9"):
        _core.use_isa("sse9")


@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_a_token_outside_of_the_vocabulary_is_named_by_its_place(backend: str) -> None:
    with pytest.raises(ValueError, match=r"^token_logprob: token 3 at index 1 is not in \[0, 3\)"):
        ops.token_logprob(LOGITS, torch.tensor([0, 3]), backend=backend)
    # the last of 300 tokens, in the third chunk of 128; of the active ones it is the second
    token, column, active = torch.zeros(300, dtype=torch.int64), torch.zeros(300), torch.arange(300) % 299 == 0
    token[5], token[299] = -100, -1
    hidden, weight = torch.zeros(300, 3), torch.zeros(4, 3)
    with pytest.raises(ValueError, match=r"^linear_logprob: token -100 at index 5 is not in \[0, 4\)"):
        ops.linear_logprob(hidden, weight, token, backend=backend)
    for surrogate in ("ppo", "gspo"):
        with pytest.raises(ValueError, match=r"^linear_policy_loss: token -1 at index 299 is not in \[0, 4\)"):
            ops.linear_policy_loss(hidden, weight, token, column, column, active, token * 0, surrogate=surrogate,
                                   backend=backend)


def test_errors_name_the_argument() -> None:
    with pytest.raises(ValueError, match=r"token must be int64 \[2\], got torch.int64 \[1\]"):
        ops.token_logprob(LOGITS, TOKEN[:1])
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        ops.token_logprob(LOGITS, TOKEN, temperature=0.0)
    for temperature in (1e-40, float("inf")):  # 1 / temperature is none, or a token of probability 0 is inf * 0
        with pytest.raises(ValueError, match="temperature must be in fp32's range, as its inverse, got"):
            ops.token_logprob(LOGITS, TOKEN, temperature=temperature)
    with pytest.raises(ValueError, match=r"weight \[V, D\], got \[\[2, 3\], \[4, 5\]\]"):
        ops.linear_logprob(LOGITS, torch.zeros(4, 5), TOKEN)
    with pytest.raises(ValueError, match="bias"):
        ops.linear_logprob(LOGITS, torch.zeros(4, 3), TOKEN, bias=torch.zeros(3))
    for backend in ("auto", "eager"):
        with pytest.raises(ValueError, match=r"^linear_logprob: weight is torch\.float32, hidden torch\.float64: "):
            ops.linear_logprob(LOGITS.double(), torch.zeros(4, 3), TOKEN, backend=backend)


@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_whole_numbers_of_another_dtype_are_named(backend: str) -> None:
    column, ids = torch.zeros(2), torch.zeros(2, dtype=torch.int32)
    with pytest.raises(ValueError, match=r"^group_advantage: group must be int64, got torch\.int32$"):
        ops.group_advantage(column, ids, backend=backend)
    with pytest.raises(ValueError, match=r"^policy_loss: sequence must be int64, got torch\.int32$"):
        ops.policy_loss(column, column, column, ids == 0, ids, backend=backend)
    with pytest.raises(ValueError, match=r"^linear_policy_loss: mask must be bool, got torch\.int32$"):
        ops.linear_policy_loss(LOGITS, torch.zeros(4, 3), TOKEN, column, column, ids, ids.long(), backend=backend)


def test_floating_point_columns_of_another_dtype_are_named() -> None:
    column, ids, active = torch.zeros(2), torch.zeros(2, dtype=torch.int64), torch.ones(2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"^group_advantage: reward: the cpp backend takes float32, got torch\.int64;"):
        ops.group_advantage(ids, ids)
    with pytest.raises(ValueError, match=r"^policy_loss: ref_logp: the cpp backend takes float32, got torch\.float64;"):
        ops.policy_loss(column, column, column, active, ids, ref_logp=column.double())
    with pytest.raises(ValueError, match=r"^linear_policy_loss: advantage: the cpp backend takes float32, "):
        ops.linear_policy_loss(LOGITS, torch.zeros(4, 3), TOKEN, column, ids, active, ids)


def test_numbers_that_the_specification_cannot_mix_are_named() -> None:
    hidden, weight, column = torch.zeros(2, 3), torch.zeros(4, 3), torch.zeros(2)
    ids, active = torch.zeros(2, dtype=torch.int64), torch.ones(2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"^linear_logprob: hidden is torch\.complex64: "):
        ops.linear_logprob(hidden.to(torch.complex64), weight, TOKEN, backend="eager")
    with pytest.raises(ValueError, match=r"^linear_logprob: bias is torch\.float64, hidden torch\.float32: "):
        ops.linear_logprob(hidden, weight, TOKEN, bias=torch.zeros(4).double(), backend="eager")
    with pytest.raises(ValueError, match=r"^policy_loss: advantage is torch\.float64, logp torch\.float32: "):
        ops.policy_loss(column, column, column.double(), active, ids, backend="eager")
    with pytest.raises(ValueError, match=r"^linear_policy_loss: old_logp: the cpp backend takes float32, got "):
        ops.linear_policy_loss(hidden, weight, TOKEN, column.bfloat16(), column, active, ids, backend="cpp")


def test_a_tangent_is_taken_by_the_specification_alone() -> None:
    def loss(logits: torch.Tensor, backend: str) -> torch.Tensor:
        return ops.token_logprob(logits, TOKEN, backend=backend)[0].sum()

    tangent = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    # d log-prob = tangent of the token - mean of the row's tangents, at equal logits: 1 - 1/3 and 3 - 1
    assert torch.func.jvp(lambda x: loss(x, "eager"), (LOGITS,), (tangent,))[1].item() == pytest.approx(8 / 3)
    with pytest.raises(ValueError, match=r"^token_logprob: logits has a tangent, but the cpp backend has no forward-"):
        torch.func.jvp(lambda x: loss(x, "auto"), (LOGITS,), (tangent,))
    column, ids, active = torch.zeros(2), torch.zeros(2, dtype=torch.int64), torch.ones(2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"^policy_loss: logp has a tangent, "), forward_ad.dual_level():
        ops.policy_loss(forward_ad.make_dual(column, column + 1), None, column, active, ids)


@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_an_argument_on_another_device_is_named(backend: str) -> None:
    # "meta" stands for a device here: with one on a card, a kernel would read what is no address of its own
    column, ids, active = torch.zeros(2), torch.zeros(2, dtype=torch.int64), torch.ones(2, dtype=torch.bool)
    wrong = "got meta" if backend == "auto" else r"on meta, \w+ on cpu"
    with pytest.raises(ValueError, match=f"^group_advantage: group.*{wrong}"):
        ops.group_advantage(column, ids.to("meta"), backend=backend)
    with pytest.raises(ValueError, match=f"^policy_loss: mask.*{wrong}"):
        ops.policy_loss(column, column, column, active.to("meta"), ids, backend=backend)
    with pytest.raises(ValueError, match=f"^token_logprob: token.*{wrong}"):
        ops.token_logprob(LOGITS, TOKEN.to("meta"), backend=backend)
    with pytest.raises(ValueError, match=f"^linear_policy_loss: sequence.*{wrong}"):
        ops.linear_policy_loss(LOGITS, torch.zeros(4, 3), TOKEN, column, column, active, ids.to("meta"),
                               backend=backend)


def test_custom_ops_keep_torchs_contract(fast: str, place: Callable[[str], str]) -> None:
    torch.manual_seed(0)
    device = place(fast)
    hidden, weight = (torch.randn(*shape, device=device, requires_grad=True) for shape in ((5, 4), (7, 4)))
    token, column = torch.tensor([0, 6, 2, 3, 3], device=device), torch.randn(5, device=device)
    library, group = torch.ops.crossthink, torch.tensor([0, 0, 1, 1, 1], device=device)
    for bias in (None, torch.randn(7, device=device, requires_grad=True)):
        torch.library.opcheck(library.linear_logprob.default, (hidden, weight, token, bias, 0.7, fast))
    torch.library.opcheck(library.token_logprob.default,
                          (torch.randn(5, 7, device=device, requires_grad=True), token, 0.7, fast))
    torch.library.opcheck(library.group_advantage.default, (column, group, "grpo", 1e-6, fast))
    torch.library.opcheck(
        library.policy_loss.default,
        (torch.randn(5, device=device, requires_grad=True), column, column, column > 0, group, column, None,
         *LossOptions(kl_coef=0.1, sequences=2).encode(), fast))


def test_torch_compile_takes_the_ops_whole() -> None:
    torch.manual_seed(0)
    weight, token = torch.randn(7, 4), torch.tensor([0, 6, 2])

    def step(hidden: torch.Tensor) -> torch.Tensor:
        logp, entropy = ops.linear_logprob(hidden, weight, token, temperature=0.7)
        loss, _ = ops.policy_loss(logp, logp.detach(), torch.ones(3), torch.ones(3, dtype=torch.bool),
                                  torch.zeros(3, dtype=torch.int64))
        return loss + entropy.sum()

    plain, compiled = (torch.randn(3, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)
                       for _ in range(2))
    step(plain).backward()
    torch.compile(step, backend="aot_eager", fullgraph=True)(compiled).backward()
    torch.testing.assert_close(plain.grad, compiled.grad)


def test_a_gradient_of_the_gradient_is_refused(fast: str, place: Callable[[str], str]) -> None:
    # eager: d^2/dx^2 of rho = e^x at 0 is 1, A = -2: loss 2 e^x, its gradient 2, squared 4 e^2x, whose gradient is 8
    device = place(fast)
    column, ids, active = (torch.zeros(1, dtype=dtype, device=device) for dtype in (None, torch.int64, torch.bool))

    def penalty(loss: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        grad, = torch.autograd.grad(loss, x, create_graph=True)
        return torch.autograd.grad((grad**2).sum(), x)[0]

    for backend in ("eager", fast):
        x = torch.zeros(1, device=device, requires_grad=True)
        loss, _ = ops.policy_loss(x, column, column - 2, ~active, ids, backend=backend)
        if backend == "eager":
            assert penalty(loss, x).item() == 8
        else:
            with pytest.raises(RuntimeError, match=r"^policy_loss: its gradient has none itself"):
                penalty(loss, x)
    hidden = torch.ones(1, 1, device=device, requires_grad=True)
    weight, token = torch.tensor([[0.0], [1.0]], device=device), ids
    loss, _ = ops.linear_policy_loss(hidden, weight, token, None, column - 2, ~active, ids, backend=fast)
    with pytest.raises(RuntimeError, match=r"^linear_policy_loss: its gradient has none itself"):
        penalty(loss, hidden)
    for found in (ops.linear_logprob(hidden, weight, token, backend=fast),
                  ops.token_logprob(hidden @ weight.T, token, backend=fast)):
        with pytest.raises(RuntimeError, match="Trying to backward through"):
            penalty(found[0].sum(), hidden)
