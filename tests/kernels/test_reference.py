"""The specification itself: numbers worked by hand, and its gradients against finite differences in fp64."""

import math

import pytest

torch = pytest.importorskip("torch")

from crossthink.kernels import reference
from crossthink.kernels.loss_options import LossOptions

F64 = torch.float64


def test_log_prob_and_entropy_by_hand() -> None:
    # logits ln 1, ln 2, ln 5: p = 1/8, 2/8, 5/8. Token 1: ln 1/4 = -1.386294.
    # entropy = ln(8) / 8 + ln(4) / 4 + 5 ln(8/5) / 8 = 0.259930 + 0.346574 + 0.293752 = 0.900256
    hidden = torch.ones(1, 1, dtype=F64)
    weight = torch.tensor([[1.0], [2.0], [5.0]], dtype=F64).log()
    logp, entropy = reference.linear_logprob(hidden, weight, torch.tensor([1]))
    assert logp.item() == pytest.approx(-1.386294, abs=1e-6)
    assert entropy.item() == pytest.approx(0.900256, abs=1e-6)
    # temperature 1/2: p = 1/30, 4/30, 25/30. ln 4/30 = -2.014903.
    # entropy = ln(30) / 30 + 4 ln(7.5) / 30 + 25 ln(1.2) / 30 = 0.113373 + 0.268654 + 0.151935 = 0.533962
    logp, entropy = reference.linear_logprob(hidden, weight, torch.tensor([1]), temperature=0.5)
    assert logp.item() == pytest.approx(-2.014903, abs=1e-6)
    assert entropy.item() == pytest.approx(0.533962, abs=1e-6)
    # a bias of ln 3 on token 0: p = 3/10, 2/10, 5/10
    bias = torch.tensor([math.log(3), 0, 0], dtype=F64)
    logp, _ = reference.linear_logprob(hidden, weight, torch.tensor([0]), bias)
    assert logp.item() == pytest.approx(math.log(0.3), abs=1e-12)


def test_a_logit_of_minus_infinity_has_no_part() -> None:
    logits = torch.tensor([[0.0, -torch.inf, math.log(3)]], dtype=F64, requires_grad=True)
    logp, entropy = reference.token_logprob(logits, torch.tensor([2]))
    (logp + entropy).sum().backward()
    # p = 1/4, 0, 3/4: entropy = ln(4) / 4 + 3 ln(4/3) / 4 = 0.562335
    assert (logp.item(), entropy.item()) == pytest.approx((math.log(0.75), 0.562335), abs=1e-6)
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert not logits.grad.isnan().any()


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_linear_logprob_gradients(temperature: float) -> None:
    torch.manual_seed(0)
    inputs = [torch.randn(*shape, dtype=F64, requires_grad=True) for shape in ((4, 3), (7, 3), (7,))]
    token = torch.tensor([0, 6, 3, 3])
    assert torch.autograd.gradcheck(
        lambda hidden, weight, bias: reference.linear_logprob(hidden, weight, token, bias, temperature), inputs)


@pytest.mark.parametrize("kind", ["grpo", "dr_grpo", "rloo"])
def test_group_advantage_gradients(kind: str) -> None:
    reward = torch.tensor([1.0, 0.2, 0.7, 3.0, 1.0, 1.0], dtype=F64, requires_grad=True)
    group = torch.tensor([2, 2, 2, 5, 8, 8])
    values = reference.group_advantage(reward, group, kind)
    assert values[3:].tolist() == [0, 0, 0]
    assert torch.autograd.gradcheck(lambda r: reference.group_advantage(r, group, kind)[:3], [reward])


@pytest.mark.parametrize("options", [
    LossOptions(kl_coef=0.3), LossOptions(kind="dapo", kl="k2", kl_coef=0.3, correction="mask"),
    LossOptions(kind="bnpo", kl="k1", kl_coef=0.3, dual_clip=1.5), LossOptions(kind="dr_grpo", max_completion_length=8),
], ids=lambda o: f"{o.kind}-{o.surrogate}")
def test_policy_loss_gradients(options: LossOptions) -> None:
    torch.manual_seed(1)
    columns = [torch.randn(9, dtype=F64) for _ in range(5)]
    mask = torch.tensor([1, 1, 0, 1, 1, 1, 0, 1, 1], dtype=torch.bool)
    sequence = torch.tensor([0, 0, 0, 4, 4, 5, 6, 9, 9])

    def loss(logp: torch.Tensor) -> torch.Tensor:
        return reference.policy_loss(logp, *columns[1:3], mask, sequence, options, columns[3], columns[4])[0]

    assert torch.autograd.gradcheck(loss, [columns[0].requires_grad_()])


def test_gspo_has_the_gradient_of_its_sequences_ratio() -> None:
    # the mean log-ratio itself as a function of every log-prob, one advantage a sequence, clip at 0.8 and 1.2
    torch.manual_seed(3)
    logp = (0.1 * torch.randn(6, dtype=F64)).requires_grad_()
    old, sequence = 0.1 * torch.randn(6, dtype=F64), torch.tensor([0, 0, 0, 1, 1, 2])
    advantage = torch.tensor([1.0, -2.0, 0.5], dtype=F64)
    loss, _ = reference.policy_loss(logp, old, advantage[sequence], torch.ones(6, dtype=torch.bool), sequence,
                                    LossOptions(surrogate="gspo"))
    ratios = torch.stack([(logp - old)[sequence == i].mean().exp() for i in range(3)])
    expected = -torch.minimum(ratios * advantage, ratios.clamp(0.8, 1.2) * advantage).mean()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(*(torch.autograd.grad(x, logp, retain_graph=True)[0] for x in (loss, expected)))


def test_linear_policy_loss_gradients() -> None:
    torch.manual_seed(2)
    inputs = [torch.randn(*shape, dtype=F64, requires_grad=True) for shape in ((4, 3), (7, 3), (7,))]
    token, mask = torch.tensor([0, 6, 3, 3]), torch.tensor([True, True, False, True])
    old, advantage = torch.randn(2, 4, dtype=F64)
    options = LossOptions(entropy_coef=0.2, clip_low=0.9, clip_high=9.0)

    def loss(hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return reference.linear_policy_loss(hidden, weight, token, old - 2, advantage, mask, torch.tensor([0, 0, 1, 1]),
                                            options, bias=bias, temperature=0.7)[0]

    assert torch.autograd.gradcheck(loss, inputs)


def test_options_survive_their_encoding() -> None:
    options = LossOptions(kind="dr_grpo", surrogate="cispo", dual_clip=3.0, kl="k1", kl_coef=0.001, entropy_coef=0.01,
                          sequences=12, max_completion_length=64)
    assert LossOptions.decode(*options.encode()) == options
