"""Work of prompts and completions by hand, and its spread over ranks."""

import pytest

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crossthink.balance import Work, balanced
from crossthink.packing import Group


def test_the_work_of_a_model_by_hand() -> None:
    config = transformers.LlamaConfig(hidden_size=8, intermediate_size=12, num_hidden_layers=3, num_attention_heads=2,
                                      num_key_value_heads=1, vocab_size=10, tie_word_embeddings=True)
    work = Work.of(transformers.LlamaForCausalLM(config))
    # a layer: q and o 8 x 8, k and v 8 x 4, gate, up and down 8 x 12, two norms of 8; and the last norm of 8
    assert work.token == 3 * (2 * 64 + 2 * 32 + 3 * 96 + 2 * 8) + 8
    assert work.head == 10 * 8
    assert work.pair == 2 * 3 * 8  # a score and a value of 8 in each layer


def test_the_cost_of_a_group_by_hand() -> None:
    # a prompt of 3, completions of 2 and 1: 6 tokens, 3 of them through the head; pairs: the prompt's 1 + 2 + 3, the
    # first completion's 4 + 5, the second's 4: 19
    group = Group((7, 7, 7), ((1, 2), (3,)), (0, 1))
    assert Work(token=100, head=10, pair=1).cost(group) == 600 + 30 + 19


def test_long_completions_are_spread_over_the_ranks() -> None:
    lengths = [90, 85, 10, 5, 12, 8]
    groups = [Group((1,), ((0,) * length,), (place,)) for place, length in enumerate(lengths)]
    found = balanced(groups, Work(token=1, head=0, pair=0), 2)
    # costs 91, 86, 11, 6, 13, 9; 91 - 86 = 5 and 13 - 11 = 2 and 9 - 6 = 3 apart, 5 - 3 = 2, 2 - 2 = 0: equal halves
    assert [sum(len(c) + 1 for group in part for c in group.completions) for part in found] == [108, 108]
    assert [[group.indices[0] for group in part] for part in balanced(groups[:1], Work(1, 0, 0), 2)] == [[0], []]
