"""What responses say in numbers: one cell for all, one a group and format, one a domain and format."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from crossthink.cells import GROUPS, cell_names
from crossthink.evaluate.responses import Response
from crossthink.evaluate.statistics import mean_interval, pass_at, share_interval


def by_source(responses: Sequence[Response]) -> dict[str, list[Response]]:
    """The responses of each benchmark, by its source's name."""
    sources: dict[str, list[Response]] = {}
    for response in responses:
        sources.setdefault(response.source, []).append(response)
    return dict(sorted(sources.items()))


def averages(responses: Sequence[Response]) -> dict[str, dict[str, Any]]:
    """Unweighted mean accuracy over all benchmarks, and over those of each group, with its interval; by name.

    The paper's average over seven is "all", that over five and over two are "gpr" and "math". A benchmark belongs to
    the group that most of its questions belong to. Groups without one are left out.
    """
    found: dict[str, list[list[float]]] = {}
    for answers in by_source(responses).values():
        group = Counter(answer.group for answer in answers).most_common(1)[0][0]
        for name in ("all", group):
            found.setdefault(name, []).append(list(right_shares(answers).values()))
    return {name: dict(zip(("accuracy", "low", "high"), mean_interval(parts), strict=True)) | {"sets": len(parts)}
            for name, parts in found.items()}


def by_cell(responses: Sequence[Response]) -> dict[str, list[Response]]:
    """The responses of each cell: "all" first, then the groups' cells, then the domains', by name."""
    cells: dict[str, list[Response]] = {}
    for response in responses:
        for name in ("all", *cell_names(response)):
            cells.setdefault(name, []).append(response)
    order = sorted(cells, key=lambda name: (name != "all", name.split("/")[0] not in GROUPS, name))
    return {name: cells[name] for name in order}


def by_question(responses: Sequence[Response]) -> dict[str, list[Response]]:
    """The responses to each question, by its id."""
    questions: dict[str, list[Response]] = {}
    for response in responses:
        questions.setdefault(response.question_id, []).append(response)
    return questions


def right_shares(responses: Sequence[Response]) -> dict[str, float]:
    """Each question's share of right answers, by its id."""
    return {name: sum(r.right for r in answers) / len(answers) for name, answers in by_question(responses).items()}


def cell(responses: Sequence[Response]) -> dict[str, Any]:
    """The numbers of one cell; docs of each key in `crossthink/evaluate/__init__.py`. At least one response."""
    questions = by_question(responses).values()
    counts = [sum(r.right for r in answers) for answers in questions]
    shares = [right / len(answers) for right, answers in zip(counts, questions, strict=True)]
    count = len(responses)
    samples = count // len(shares)
    low, high = share_interval(shares, samples)
    right = [r.tokens for r in responses if r.right]
    wrong = [r.tokens for r in responses if not r.right]
    tokens = sum(right) + sum(wrong)
    letters = Counter(r.answer for r in responses if r.template == "mcq" and len(r.answer) == 1)
    return {
        "n": len(shares),
        "samples": samples,
        "accuracy": len(right) / count,
        "low": low,
        "high": high,
        "pass_at": {str(k): pass_at(counts, samples, k) for k in _powers(samples)},
        "correct": len(right),
        "answer_accuracy": sum(r.correct for r in responses) / count,
        "formatted": sum(r.formatted for r in responses) / count,
        "truncated": sum(r.finish_reason == "length" for r in responses) / count,
        "tokens_mean": tokens / count,
        "tokens_right": sum(right) / len(right) if right else None,
        "tokens_wrong": sum(wrong) / len(wrong) if wrong else None,
        "tokens_per_correct": tokens / len(right) if right else None,
        "labels": dict(sorted(letters.items())),
    }


def _powers(most: int) -> list[int]:
    """1, 2, 4, ... and the number itself."""
    return sorted({most, *(2**power for power in range(most.bit_length()) if 2**power <= most)})
