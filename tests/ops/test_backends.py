"""The face of the ops: which backend runs, errors instead of silent substitutes, and torch's contract of custom ops."""

import logging
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from crossthink.kernels.loss_options import LossOptions

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


def test_errors_name_the_argument() -> None:
    with pytest.raises(ValueError, match=r"token 3 at index 1 is not in \[0, 3\)"):
        ops.token_logprob(LOGITS, torch.tensor([0, 3]))
    with pytest.raises(ValueError, match=r"token must be int64 \[2\], got torch.int64 \[1\]"):
        ops.token_logprob(LOGITS, TOKEN[:1])
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        ops.token_logprob(LOGITS, TOKEN, temperature=0.0)
    with pytest.raises(ValueError, match=r"weight \[V, D\], got \[\[2, 3\], \[4, 5\]\]"):
        ops.linear_logprob(LOGITS, torch.zeros(4, 5), TOKEN)
    with pytest.raises(ValueError, match="bias"):
        ops.linear_logprob(LOGITS, torch.zeros(4, 3), TOKEN, bias=torch.zeros(3))


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
