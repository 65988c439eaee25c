"""What users of other kernels reported, where no other test of this folder has it already.

Odd vocabularies, shifts and tiny logits (verl #2899, #2656), upstream gradients that differ (Liger #1298) and bf16 sums
(CCE #14) are in test_logprob.py; floats under torch.compile (Liger #1350) and what runs in silence (TRL #7253) in
test_backends.py; an adapter on the head (TRL #4612) is refused by crossthink/policy.py.
"""

import pytest

torch = pytest.importorskip("torch")

import torch.distributed as dist

from crossthink import ops


def test_rows_that_begin_past_2_to_31_elements(fast: str) -> None:
    """TRL #7266. Two rows of one storage, the second 2^31 + 11 elements behind the first; only touched pages exist."""
    if fast == "cpp":
        pytest.skip("takes rows side by side: 2^31 logits in front of a row would take 8 GiB")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 2**31 + 11
    storage = torch.empty(size + 5, device=device)
    logits = storage.as_strided((2, 5), (size, 1))
    logits.copy_(torch.tensor([[0.0, 1, 2, 3, 4], [4.0, 3, 2, 1, 0]]))
    logp, _ = ops.token_logprob(logits, torch.tensor([4, 0], device=device), backend=fast)
    # log-softmax of 4 among 0..4: -log(1 + e^-1 + e^-2 + e^-3 + e^-4) = -0.451914
    assert logp.tolist() == pytest.approx([-0.451914] * 2, abs=1e-6)


def test_more_rows_than_a_grids_second_axis_has() -> None:
    """Liger #1294: 65,535. (The interpreter would take minutes.)"""
    device, backend = ("cuda", "triton") if torch.cuda.is_available() else ("cpu", "cpp")
    token = torch.arange(70_000, device=device) % 3
    hidden = torch.ones(70_000, 1, device=device)
    weight = torch.tensor([[0.0], [1.0], [2.0]], device=device)
    logp, _ = ops.linear_logprob(hidden, weight, token, backend=backend)
    # log-softmax of 0, 1, 2: minus log(1 + e + e^2) = 2.407606
    expected = torch.tensor([-2.407606, -1.407606, -0.407606], device=device)[token]
    torch.testing.assert_close(logp, expected, rtol=0, atol=1e-6)


def test_a_sharded_weight_is_refused_by_name(tmp_path: object) -> None:
    """Liger #332, TRL #6065."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import distribute_tensor

    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        weight = distribute_tensor(torch.randn(7, 4), init_device_mesh("cpu", (1,)))
        with pytest.raises(ValueError, match=r"linear_logprob: weight is a DTensor.*weight\.full_tensor\(\)"):
            ops.linear_logprob(torch.randn(3, 4), weight, torch.zeros(3, dtype=torch.int64))
        with pytest.raises(ValueError, match=r"expected hidden \[T, D\] and weight \[V, D\], got \[\[3, 4\], \[28\]\]"):
            ops.linear_logprob(torch.randn(3, 4), torch.randn(28), torch.zeros(3, dtype=torch.int64))
    finally:
        dist.destroy_process_group()
