"""The proof that a GPU backend gives at its first use: it passes what is right, and what is wrong does not run."""

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from crossthink import ops
from crossthink.ops import backends, proof

OPS = ("linear_logprob", "linear_policy_loss", "token_logprob", "group_advantage", "policy_loss")


@pytest.fixture
def untried() -> None:
    """No proof is remembered."""
    proof.failure.cache_clear()


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_right_passes(untried: None, op: str, dtype: torch.dtype, fast: str,
                              place: Callable[[str], str]) -> None:
    if fast == "cpp":
        pytest.skip("the core needs none: it is tested where it is built")
    with torch.no_grad():  # a first use may be anywhere
        assert proof.failure(op, fast, torch.device(place(fast)), 1003, dtype) == ""


@pytest.mark.parametrize(("op", "part", "said"), [
    ("token_logprob", "rows_forward", "log-prob off by"), ("linear_policy_loss", "rows_backward", "gradient off by")])
def test_what_is_wrong_is_named(untried: None, op: str, part: str, said: str, fast: str, place: Callable[[str], str],
                                monkeypatch: pytest.MonkeyPatch) -> None:
    if fast == "cpp":
        pytest.skip("the core needs none")
    right = getattr(proof, part)

    def wrong(backend: str, logits: torch.Tensor, token: torch.Tensor, *rest: object) -> object:
        return right(backend, logits, token * 0, *rest)

    monkeypatch.setattr(proof, part, wrong)
    assert said in proof.failure(op, fast, torch.device(place(fast)), 1003, torch.float32)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_failed_proof_is_an_error_or_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_used", {})
    monkeypatch.setattr(proof, "failure", lambda *_: "log-prob off by 1 of 2")
    logits, token = torch.zeros(2, 3, device="cuda"), torch.tensor([0, 2], device="cuda")
    with pytest.raises(RuntimeError, match=r"the backend triton fails its proof on cuda:0 \(log-prob off"):
        ops.token_logprob(logits, token, backend="triton")
    assert ops.token_logprob(logits, token)[0].tolist() == pytest.approx([-1.098612] * 2)  # -ln 3, from eager
    assert "eager: " in ops.backends_in_use()["token_logprob"]
    assert "fails its proof on cuda:0 (log-prob off by 1 of 2)" in ops.backends_in_use()["token_logprob"]
