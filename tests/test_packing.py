"""Packed rows: who stands where, who sees whom."""

from itertools import count
from typing import Any

import pytest

pytest.importorskip("torch")

from crossthink.packing import Group, PackedRow, pack


def seen(row: PackedRow) -> list[list[int]]:
    """Who sees whom: equal scores give all that is seen equal shares, and one value a token tells whose they are."""
    torch = pytest.importorskip("torch")
    from crossthink.attention import packed_attention

    count = len(row.tokens)
    scores = torch.zeros(1, 1, count, count)
    shares = packed_attention(scores, scores, torch.eye(count)[None, None], row.groups)[0, 0]
    for share in shares:
        torch.testing.assert_close(share[share > 0], torch.full_like(share[share > 0], 1 / int((share > 0).sum())))
    return [[int(x > 0) for x in line] for line in shares]


def test_a_row_by_hand() -> None:
    # prompt 5 6 7, completions (8 9) and (10): the prompt once, both continue at position 3
    [row] = pack([Group((5, 6, 7), ((8, 9), (10,)), (0, 1))], budget=16)
    assert row.tokens.tolist() == [5, 6, 7, 8, 9, 10]
    assert row.positions.tolist() == [0, 1, 2, 3, 4, 3]
    assert row.source.tolist() == [2, 3, 2]  # first tokens are predicted by the prompt's last
    assert row.target.tolist() == [8, 9, 10]
    assert row.sequence.tolist() == [0, 0, 1]
    assert row.groups == ((3, 2, 1),)
    assert seen(row) == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 0],
        [1, 1, 1, 0, 0, 1],  # the second completion does not see the first
    ]


def test_two_groups_in_a_row_do_not_see_each_other() -> None:
    [row] = pack([Group((1,), ((2,),), (0,)), Group((3,), ((4,),), (1,))], budget=8)
    assert seen(row) == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]


def test_a_group_over_the_budget_is_split_and_every_token_stays() -> None:
    group = Group(tuple(range(10)), tuple((50 + i,) * 7 for i in range(5)), (0, 1, 2, 3, 4))
    rows = pack([group], budget=25)  # 10 + 7 + 7 = 24 fit, three completions would need 31
    assert [len(row.tokens) for row in rows] == [24, 24, 17]
    assert sorted(t for row in rows for t in row.target.tolist()) == sorted([50, 51, 52, 53, 54] * 7)
    assert all(row.tokens[:10].tolist() == list(range(10)) for row in rows)


def test_one_completion_longer_than_the_budget_gets_a_row_of_its_own() -> None:
    rows = pack([Group((1, 2), ((3,) * 20, (4,)), (0, 1))], budget=8)
    assert [len(row.tokens) for row in rows] == [22, 3]


def groups_of(*lengths: list[int], prompt: int) -> list[Group]:
    """Groups whose completions have these lengths, numbered through."""
    numbers = count()
    return [Group(tuple(range(1, prompt + 1)), tuple((9,) * n for n in each), tuple(next(numbers) for _ in each))
            for each in lengths]


def test_one_row_over_the_budget_leaves_the_others_theirs() -> None:
    # 5 + 25 = 30 over the budget, each of the others 5 + 5 = 10: two of them would need 20
    rows = pack(groups_of([25], [5], [5], [5], prompt=5), budget=10)
    assert [len(row.tokens) for row in rows] == [30, 10, 10, 10]


def test_a_prompt_stands_in_a_row_once_where_its_group_was_split() -> None:
    # 5 + 12, 5 + 20 and 5 + 6, none beside the next; the first and the last share a row: 5 + 12 + 6 = 23 tokens
    rows = pack(groups_of([12, 20, 6], prompt=5), budget=30)
    assert [(row.groups, len(row.tokens)) for row in rows] == [(((5, 12, 6),), 23), (((5, 20),), 25)]
    assert rows[0].sequence.tolist() == [0] * 12 + [2] * 6
    assert rows[0].source.tolist() == [4, *range(5, 16), 4, *range(17, 22)]


@pytest.mark.parametrize(("indices", "said"), [
    (((0, 2), (1, 3)), r"1 of \(1, 3\) comes after 2$"), (((2, 1), (3, 4)), r"1 of \(2, 1\) comes after 2$"),
    (((0, 1), (1, 2)), r"1 of \(1, 2\) comes after 1$")])
def test_indices_that_do_not_ascend_are_named(indices: tuple[tuple[int, ...], ...], said: str) -> None:
    groups = [Group((1,), ((2,), (3,)), each) for each in indices]
    with pytest.raises(ValueError, match=f"^indices of completions must ascend, .*: {said}"):
        pack(groups, budget=8)


@pytest.mark.parametrize("budget", [None, 8.0, "8"])
def test_a_budget_that_is_no_whole_number_is_named(budget: Any) -> None:
    with pytest.raises(ValueError, match=f"^budget must be a whole number of tokens, got {budget!r}$"):
        pack([], budget)


def test_an_empty_completion_falls_out() -> None:
    [row] = pack([Group((1, 2), ((), (4,)), (0, 1))], budget=8)
    assert row.sequence.tolist() == [1]


def test_a_prompt_of_no_tokens_is_an_error() -> None:
    # the first token would be predicted by place -1: the row's last, or that of the group before
    with pytest.raises(ValueError, match=r"the prompt of completions \(3, 4\) has no token"):
        pack([Group((1,), ((2,),), (0,)), Group((), ((5, 6), (7,)), (3, 4))], budget=8)
