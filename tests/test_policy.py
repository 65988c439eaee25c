"""Log-probs of packed rows against each sequence alone; the update against itself, cut and spread in other ways."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crossthink.config import AlgorithmConfig, ModelConfig, Recipe, RunConfig, TrainConfig
from crossthink.distributed import Ranks
from crossthink.packing import Group, pack
from crossthink.policy import Policy
from crossthink.schema import Rollout
from crossthink.update import update, with_spread

CPU = torch.device("cpu")
PROMPTS = ((3, 5, 8), (13, 21, 34, 55))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A randomly initialised two-layer Llama with grouped-query attention and tied embeddings."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, vocab_size=97, tie_word_embeddings=True,
                                      initializer_range=0.3)
    path = tmp_path_factory.mktemp("model")
    transformers.LlamaForCausalLM(config).save_pretrained(path)
    return path


def rollouts() -> list[Rollout]:
    completions = [(1, 2, 3), (4, 5), (6,), (7, 8, 9, 10), (11, 12), (13,), (14, 15, 16), (17, 18)]
    advantages = [1.0, -0.5, 0.25, -0.75, 0.5, -1.0, 0.0, 0.5]
    return [Rollout(question_id=str(i // 4), step=0, sample=i % 4, prompt_ids=PROMPTS[i // 4], completion_ids=tokens,
                    sampler_logprobs=(-1.0,) * len(tokens), text="", weights_version=0, correct=True, formatted=True,
                    answer="", reason="correct", reward=1.0, advantage=advantage, finish_reason="stop", domain="d",
                    template="open", group="math", source="s")
            for i, (tokens, advantage) in enumerate(zip(completions, advantages, strict=True))]


def recipe(**train: object) -> Recipe:
    return Recipe(run=RunConfig(name="t"), model=ModelConfig(path="m"), algorithm=AlgorithmConfig(kl_coef=0.1),
                  train=TrainConfig(**train))  # type: ignore[arg-type]


def gradients(folder: Path, the_recipe: Recipe, batch: list[Rollout], device: torch.device = CPU,
              dtype: torch.dtype = torch.float32) -> tuple[list[torch.Tensor], float]:
    policy = Policy(folder, device=device, dtype=dtype)
    reference = Policy(folder, device=device, dtype=dtype).freeze()
    with torch.no_grad():
        for parameter in policy.parameters:
            parameter.mul_(1.01)  # away from the reference, so that the KL term counts
    optimizer = torch.optim.SGD(policy.parameters, lr=0.0)
    sums, _ = update(policy, reference, optimizer, batch, the_recipe, Ranks(0, 1, device))
    return [p.grad.cpu() for p in policy.parameters], sums.values["loss"]


def test_packed_log_probs_are_those_of_each_sequence_alone(folder: Path) -> None:
    policy = Policy(folder, device=CPU)
    plain = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    groups = [Group(PROMPTS[0], ((1, 2, 3), (4, 5)), (0, 1)), Group(PROMPTS[1], ((6,), (7, 8)), (2, 3))]
    [row] = pack(groups, budget=64)
    logp, entropy = policy.logprobs(row, temperature=0.7)
    expected, expected_entropy = [], []
    for group in groups:
        for completion in group.completions:
            ids = torch.tensor([group.prompt + completion])
            logits = plain(ids).logits[0, len(group.prompt) - 1:-1] / 0.7
            log_p = logits.log_softmax(-1)
            expected += log_p.gather(1, torch.tensor(completion)[:, None])[:, 0].tolist()
            expected_entropy += (-(log_p.exp() * log_p).sum(-1)).tolist()
    assert logp.tolist() == pytest.approx(expected, abs=2e-5)
    assert entropy.tolist() == pytest.approx(expected_entropy, abs=2e-5)


def test_the_update_does_not_depend_on_how_the_batch_is_cut(folder: Path) -> None:
    whole, loss = gradients(folder, recipe(pack_tokens=512), rollouts())
    for budget in (9, 14):
        cut, cut_loss = gradients(folder, recipe(pack_tokens=budget), rollouts())
        assert cut_loss == pytest.approx(loss, abs=1e-6)
        for a, b in zip(whole, cut, strict=True):
            torch.testing.assert_close(a, b, rtol=2e-5, atol=2e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("dtype", "share"), [(torch.float32, 1e-4), (torch.bfloat16, 0.05)])
def test_the_update_on_a_gpu_is_that_of_the_cpu(folder: Path, dtype: torch.dtype, share: float) -> None:
    """`share`: of a gradient's length that rounding may change; bf16 keeps 8 bits through two layers."""
    expected, loss = gradients(folder, recipe(), rollouts())
    found, gpu_loss = gradients(folder, recipe(), rollouts(), torch.device("cuda"), dtype)
    assert gpu_loss == pytest.approx(loss, abs=share)
    for a, b in zip(found, expected, strict=True):
        assert (a - b).norm() <= share * b.norm()


def test_the_update_in_bf16_is_near_that_in_fp32(folder: Path) -> None:
    """bf16 keeps 8 bits through two layers and the head: 8% of a gradient's length (5.6% seen)."""
    expected, loss = gradients(folder, recipe(), rollouts())
    found, rounded = gradients(folder, recipe(), rollouts(), CPU, torch.bfloat16)
    assert rounded == pytest.approx(loss, abs=0.05)
    for a, b in zip(found, expected, strict=True):
        assert 0 < (a - b).norm() <= 0.08 * b.norm()


def test_two_minibatches_step_twice(folder: Path) -> None:
    the_recipe = recipe()
    the_recipe = replace(the_recipe, algorithm=replace(the_recipe.algorithm, minibatches=2, kl_coef=0.0))
    policy = Policy(folder, device=CPU)
    optimizer = torch.optim.AdamW(policy.parameters, lr=1e-3)
    update(policy, None, optimizer, rollouts(), the_recipe, Ranks(0, 1, CPU))
    assert {int(state["step"]) for state in optimizer.state.values()} == {2}


def test_groups_without_spread_add_their_kl_alone(folder: Path) -> None:
    """Dropped groups still count in the normaliser: without a KL term, dropping them changes nothing."""
    batch = [replace(r, advantage=0.0) if r.question_id == "1" else r for r in rollouts()]
    assert [r.question_id for r in with_spread(batch, 4)] == ["0"] * 4
    keep = recipe()
    keep = replace(keep, rollout=replace(keep.rollout, group_size=4), algorithm=AlgorithmConfig(kl_coef=0.0))
    drop = replace(keep, algorithm=replace(keep.algorithm, zero_spread="drop"))
    kept, kept_loss = gradients(folder, keep, batch)
    dropped, dropped_loss = gradients(folder, drop, batch)
    assert dropped_loss == pytest.approx(kept_loss, abs=1e-6)
    for a, b in zip(kept, dropped, strict=True):
        torch.testing.assert_close(a, b, rtol=2e-5, atol=2e-6)


WORKER = """
import json, sys, torch
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[1])))
import test_policy as t
from crossthink.distributed import join_ranks
from crossthink.policy import Policy
from crossthink.update import update
torch.set_num_threads(1)
ranks = join_ranks()
folder = Path(sys.argv[2])
policy, reference = Policy(folder, device=t.CPU), Policy(folder, device=t.CPU).freeze()
with torch.no_grad():
    for parameter in policy.parameters:
        parameter.mul_(1.01)
sums, norm = update(policy, reference, torch.optim.SGD(policy.parameters, lr=0.0), t.rollouts(), t.recipe(), ranks)
# gradients are clipped to norm 1 by the update, the same factor on both sides
losses = ranks.gather([sums.values["loss"]])
if ranks.first:
    torch.save({"grads": [p.grad for p in policy.parameters], "loss": sum(losses), "norm": norm}, sys.argv[3])
"""


def test_two_gloo_ranks_give_one_ranks_loss_and_gradients(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    out = tmp_path / "out.pt"
    subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script),
                    str(Path(__file__).parent), str(folder), str(out)], check=True, timeout=240,
                   env={**os.environ, "OMP_NUM_THREADS": "1"})
    two = torch.load(out)
    one, loss = gradients(folder, recipe(), rollouts())
    assert two["loss"] == pytest.approx(loss, abs=1e-6)
    assert json.dumps([list(g.shape) for g in one]) == json.dumps([list(g.shape) for g in two["grads"]])
    for a, b in zip(one, two["grads"], strict=True):
        torch.testing.assert_close(a, b, rtol=2e-5, atol=2e-6)
