"""linear_policy_loss: numbers worked by hand, and every backend against the fp64 truth of the two ops that it joins."""

import math
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from crossthink import ops
from crossthink.ops import head

Place = Callable[[str], str]


def test_loss_and_gradients_by_hand(backend: str, place: Place) -> None:
    # logits of the active token: ln 1, ln 3 (weight, with hidden 1): p = 1/4, 3/4. Token 1: logp = ln 3/4 = -0.287682;
    # on-policy rho = 1, A = 2: loss -2, dz = -2 (delta - p) = (0.5, -0.5); entropy = ln(4) / 4 + 3 ln(4/3) / 4 =
    # 0.562335; d hidden = 0.5 ln 1 - 0.5 ln 3 = -0.549306; d weight = dz. The masked row is not a number: it counts
    # nowhere.
    device = place(backend)
    hidden = torch.tensor([[1.0], [torch.nan]], device=device, requires_grad=True)
    weight = torch.tensor([[1.0], [3.0]], device=device).log().requires_grad_()
    loss, metrics = ops.linear_policy_loss(
        hidden, weight, torch.tensor([1, 0], device=device), None, torch.tensor([2.0, 1.0], device=device),
        torch.tensor([True, False], device=device), torch.tensor([0, 1], device=device), backend=backend)
    (3 * loss).backward()
    assert loss.item() == pytest.approx(-2)
    assert metrics["logp"].tolist() == pytest.approx([math.log(0.75), 0], abs=1e-6)
    assert metrics["entropies"].tolist() == pytest.approx([0.562335, 0], abs=1e-6)
    assert metrics["entropy"].item() == pytest.approx(0.562335, abs=1e-6)
    assert hidden.grad[:, 0].tolist() == pytest.approx([3 * -0.549306, 0], abs=1e-5)
    assert weight.grad[:, 0].tolist() == pytest.approx([1.5, -1.5], abs=1e-5)


def test_entropy_bonus_by_hand(backend: str, place: Place) -> None:
    # p = 1/4, 3/4 again, A = 0: loss = -0.1 H = -0.0562335, dz_j = 0.1 p_j (ln p_j + H):
    # 0.025 (-1.386294 + 0.562335) = -0.020599 and 0.075 (-0.287682 + 0.562335) = 0.020599
    device = place(backend)
    weight = torch.tensor([[1.0], [3.0]], device=device).log().requires_grad_()
    loss, _ = ops.linear_policy_loss(
        torch.ones(1, 1, device=device), weight, torch.tensor([1], device=device), None,
        torch.zeros(1, device=device), torch.tensor([True], device=device), torch.tensor([0], device=device),
        entropy_coef=0.1, backend=backend)
    loss.backward()
    assert loss.item() == pytest.approx(-0.0562335, abs=1e-6)
    assert weight.grad[:, 0].tolist() == pytest.approx([-0.020599, 0.020599], abs=1e-6)


def batch(tokens: int, size: int, vocabulary: int, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(tokens)
    hidden, weight, bias = (torch.randn(*shape, generator=generator) for shape in
                            ((tokens, size), (vocabulary, size), (vocabulary,)))
    token = torch.randint(vocabulary, (tokens,), generator=generator)
    hidden, weight = hidden.to(dtype), (weight / size**0.5).to(dtype)
    logp, _ = ops.linear_logprob(hidden.double(), weight.double(), token, bias=bias.double(), backend="eager")
    near = {name: (logp + 0.3 * torch.randn(tokens, generator=generator)).float()
            for name in ("old_logp", "ref_logp", "sampler_logp")}
    sequence = (torch.rand(tokens, generator=generator) < 0.2).cumsum(0) * 2
    mask = torch.rand(tokens, generator=generator) < 0.7
    return {"hidden": hidden, "weight": weight, "bias": bias, "token": token, **near, "sequence": sequence,
            "mask": mask, "advantage": torch.randn(tokens, generator=generator)}


def run(given: dict[str, torch.Tensor], backend: str, device: str, dtype: torch.dtype | None = None,
        **options: Any) -> dict[str, torch.Tensor]:
    """Loss, metrics and gradients, on the CPU; `dtype` widens every floating-point tensor."""
    moved = {name: x.to(device, dtype if dtype and x.is_floating_point() else x.dtype, copy=True)
             for name, x in given.items()}
    leaves = {name: moved[name].requires_grad_() for name in ("hidden", "weight", "bias") if name in moved}
    loss, metrics = ops.linear_policy_loss(**moved, backend=backend, **options)
    (1.5 * loss).backward()
    found = {"loss": loss.detach(), **metrics, **{f"d {name}": leaf.grad for name, leaf in leaves.items()}}
    return {name: x.cpu() for name, x in found.items()}


OPTIONS: list[dict[str, Any]] = [
    {"kl_coef": 0.1}, {"kind": "dapo", "entropy_coef": 0.05}, {"kind": "bnpo", "dual_clip": 1.5},
    {"kind": "dr_grpo", "max_completion_length": 8, "kl_coef": 0.2, "kl": "k2"},
    {"surrogate": "gspo", "kl_coef": 0.1, "entropy_coef": 0.05}, {"surrogate": "cispo", "kind": "dapo"},
    {"correction": "mask", "temperature": 0.7},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(str(v) for v in o.values()))
@pytest.mark.parametrize("shape", [(1, 8, 30), (70, 8, 1003), (11, 16, 1), (0, 8, 30)], ids=str)
def test_as_near_the_fp64_truth_as_eager(options: dict[str, Any], shape: tuple[int, int, int], fast: str, place: Place,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    for device in ("CPU", "GPU"):  # so that 70 tokens are several tiles and chunks
        monkeypatch.setattr(head, f"{device}_TILE", 16)
        monkeypatch.setattr(head, f"{device}_CHUNK", 32 * shape[2])
    monkeypatch.setattr(head, "CPU_SHARE", 1)
    given = batch(*shape)
    found, eager = run(given, fast, place(fast), **options), run(given, "eager", "cpu", **options)
    truth = run(given, "eager", "cpu", torch.float64, **options)
    assert found.keys() == eager.keys()
    for name, t in truth.items():
        assert found[name].shape == t.shape
        if t.numel():
            allowed = (eager[name] - t).abs().max() + 2e-6 * max(1.0, float(t.abs().max()))
            assert (found[name] - t).abs().max() <= allowed, name


def test_bf16_gradients(fast: str, place: Place) -> None:
    given = batch(40, 32, 1003, torch.bfloat16)
    found = run(given, fast, place(fast), kl_coef=0.1)
    truth = run(given, "eager", "cpu", torch.float64, kl_coef=0.1)
    assert found["d hidden"].dtype == found["d weight"].dtype == torch.bfloat16
    for name in ("loss", "logp", "entropies"):
        assert (found[name] - truth[name]).abs().max() < 1e-5, name
    for name in ("d hidden", "d weight"):
        # bf16 keeps 8 bits: half a unit for the result, and on the device as much for what is summed and for the
        # product with what comes from upstream
        allowed = (1.5 if place(fast) == "cuda" else 1) * 2**-8
        assert (found[name] - truth[name]).abs().max() <= allowed * truth[name].abs().max(), name


def test_what_comes_from_upstream_is_not_rounded_on_the_cpu(backend: str, place: Place) -> None:
    # equal logits, weight 0 and 1, A = -10: d hidden = 10 (1 - 1/2) = 5, times 1/3 1.66667, of bf16's neighbours
    # 1.6640625 and 1.671875 nearer to the first; 5 times 1/3 in bf16, 0.333984, is 1.66992, nearer to the second
    if place(backend) == "cuda":
        pytest.skip("torch's product reads the factor in bf16 there")
    hidden = torch.zeros(1, 1, dtype=torch.bfloat16, requires_grad=True)
    loss, _ = ops.linear_policy_loss(
        hidden, torch.tensor([[0.0], [1.0]], dtype=torch.bfloat16), torch.tensor([1]), None, torch.tensor([-10.0]),
        torch.tensor([True]), torch.tensor([0]), backend=backend)
    (loss / 3).backward()
    assert hidden.grad.item() == 1.6640625


def test_a_token_has_the_same_bits_in_every_batch(blas: str, place: Place) -> None:
    """Log-prob, entropy and d hidden of a sequence alone, behind one other, and behind all of a pack."""
    given = batch(150, 64, 1003)
    ids = given["sequence"]
    last = int((ids == ids[-1]).sum())
    found = []
    for first in (150 - last, int((ids < ids[149 - last]).sum()), 0):
        part = {name: x if name in ("weight", "bias") else x[first:] for name, x in given.items()}
        found.append(run(part, blas, place(blas), sequences=30))
    for name in ("logp", "entropies", "d hidden"):
        assert all(torch.equal(found[0][name][-last:], other[name][-last:]) for other in found[1:]), name


@pytest.mark.parametrize("default", [torch.bfloat16, torch.float64])
def test_torchs_default_dtype_changes_nothing(default: torch.dtype, backend: str, place: Place) -> None:
    # 1, 3: less the other. Logits 0 and 0: log-prob -ln 2, ratio 1, so the loss of advantage 2 is -2
    device = place(backend)
    reward, ids = torch.tensor([1.0, 3.0], device=device), torch.zeros(2, dtype=torch.int64, device=device)
    hidden, weight, advantage = (torch.full(shape, value, device=device)
                                 for shape, value in (((2, 1), 0.0), ((2, 1), 1.0), ((2,), 2.0)))
    before = torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        found = ops.group_advantage(reward, ids, kind="rloo", backend=backend)
        loss, _ = ops.linear_policy_loss(hidden, weight, ids, None, advantage, ids == 0, ids, backend=backend)
    finally:
        torch.set_default_dtype(before)
    assert found.dtype == loss.dtype == torch.float32
    assert (found.tolist(), loss.item()) == ([-2, 2], -2)


def test_no_gradient_is_made_that_nobody_asks_for(fast: str, place: Place) -> None:
    given = {name: x.to(place(fast)) for name, x in batch(20, 8, 30).items()}
    with torch.no_grad():
        assert not ops.linear_policy_loss(**given, backend=fast)[0].requires_grad
    grads = []
    for frozen in (False, True):
        leaves = {"hidden": given["hidden"].clone().requires_grad_(),
                  "weight": given["weight"].clone().requires_grad_(not frozen)}
        ops.linear_policy_loss(**given | leaves, backend=fast)[0].backward()
        assert (leaves["weight"].grad is None) == frozen
        grads.append(leaves["hidden"].grad)
    assert torch.equal(*grads)


def test_the_operators_keep_torchs_contract(fast: str, place: Place) -> None:
    from crossthink.kernels.loss_options import LossOptions

    given = {name: x.to(place(fast)) for name, x in batch(12, 8, 30).items()}
    across = {"hidden": given["hidden"].T.contiguous().T, "mask": torch.ones_like(given["mask"])}  # and nothing copied
    order = ("hidden", "weight", "token", "old_logp", "advantage", "mask", "sequence", "ref_logp", "sampler_logp",
             "bias")
    for case in (given, given | across):
        for name in ("hidden", "weight", "bias"):
            case[name].requires_grad_()
        torch.library.opcheck(torch.ops.crossthink.linear_policy_loss.default,
                              (*(case[name] for name in order), 0.7, *LossOptions(kl_coef=0.1).encode(),
                               [True, True, True], fast))
    for kind in ("grpo", "dapo"):
        torch.library.opcheck(torch.ops.crossthink.token_weights.default,
                              (given["mask"], given["sequence"], *LossOptions(kind=kind).encode(), fast))


@pytest.mark.parametrize("options", [{}, {"surrogate": "gspo", "entropy_coef": 0.1}], ids=["one pass", "two passes"])
def test_torch_compile_takes_it_whole(options: dict[str, Any], fast: str, place: Place) -> None:
    given = {name: x.to(place(fast)) for name, x in batch(12, 8, 30).items()}

    def step(hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return ops.linear_policy_loss(**given | {"hidden": 2 * hidden, "weight": weight}, backend=fast, **options)[0]

    plain, compiled = ([given[name].clone().requires_grad_() for name in ("hidden", "weight")] for _ in range(2))
    step(*plain).backward()
    torch.compile(step, backend="aot_eager", fullgraph=True)(*compiled).backward()
    for one, other in zip(plain, compiled, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_errors_name_the_argument() -> None:
    given = batch(4, 8, 30)
    with pytest.raises(ValueError, match=r"linear_policy_loss: expected hidden \[T, D\] and weight \[V, D\]"):
        ops.linear_policy_loss(**given | {"weight": torch.zeros(30, 9)})
    with pytest.raises(ValueError, match=r"linear_policy_loss: expected tensors \[T\]"):
        ops.linear_policy_loss(**given | {"advantage": torch.zeros(5)})
    with pytest.raises(ValueError, match="linear_policy_loss: kind must be one of"):
        ops.linear_policy_loss(**given, kind="ppo")
    with pytest.raises(ValueError, match=r"token 30 at index 0 is not in \[0, 30\)"):
        ops.linear_policy_loss(**given | {"token": torch.full((4,), 30), "mask": torch.ones(4, dtype=torch.bool)})


def test_the_backward_makes_no_second_gradient_of_the_weight() -> None:
    given = batch(6, 64, 5000)
    given["weight"].requires_grad_()
    loss, _ = ops.linear_policy_loss(**given, backend="cpp")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as seen:
        loss.backward()
    # the gradient was made in the forward: 5000 x 64 x 4 = 1,280,000 bytes are not allocated again, as zeros or a copy
    assert max((event.self_cpu_memory_usage for event in seen.events()), default=0) < 1_280_000


@pytest.mark.parametrize(("tokens", "vocabulary", "chunk"), [
    (512, 32768, 128),     # 5% of three times the logits are 0.15 * 512 = 76 rows: a tile
    (4096, 32768, 512),    # 614 rows: four tiles of 128
    (4096, 151936, 128),   # 2^25 logits are 220 rows: a tile
    (5, 100, 128)])
def test_a_chunk_holds_5_percent_of_the_naive_forms_logits(tokens: int, vocabulary: int, chunk: int) -> None:
    hidden, weight, token = torch.empty(tokens, 1), torch.empty(vocabulary, 1), torch.zeros(tokens, dtype=torch.int64)
    assert head.Head(hidden, weight, None, token, 1.0, head.Needs(False, False, False), "cpp").chunk == chunk
