"""Section 7: ten rollouts to read: right, wrong, malformed."""

from collections.abc import Sequence

from crossthink.report.markup import Html, el, facts, fold, join, missing, paragraph, section, verbatim
from crossthink.report.run_folder import Place, Run, Tree
from crossthink.report.wording import count, cut, signed

WANTED = {"right": 4, "wrong": 3, "malformed": 3}


def reading(run: Run) -> Html:
    """The section."""
    title = "Ten rollouts to read"
    if run.training is None or not run.training.rollouts.places:
        return section("rollouts", title, missing("rollout", "the trainer writes them with every step"))
    chosen = choose(run.training.rollouts.places)
    rows = dict(zip(chosen, run.training.rollouts.read(chosen), strict=True))
    counts = ", ".join(f"{count(sum(kind(place) == name for place in run.training.rollouts.places))} {name}"
                       for name in WANTED)
    short = [name for name, number in WANTED.items() if sum(kind(place) == name for place in chosen) < number]
    said = paragraph(f"Of all {count(len(run.training.rollouts.places))} rollouts: {counts}. Shown are the latest of "
                     "each kind, of different questions and for different reasons where there are any."
                     + (f" There are fewer than wanted of: {', '.join(short)}." if short else ""))
    files = run.training.rollouts.files
    return section("rollouts", title, said, [
        _rollout(files[place.file].name, place, row) for place, row in rows.items()])


def kind(place: Place) -> str:
    """right: rewarded in kind (correct and formatted); malformed: not in the format; else wrong."""
    if not place.formatted:
        return "malformed"
    return "right" if place.correct else "wrong"


def choose(places: Sequence[Place]) -> list[Place]:
    """Up to `WANTED` rollouts of each kind: unlike reasons first, then unlike questions, then the latest."""
    chosen: list[Place] = []
    seen: set[str] = set()
    for name, number in WANTED.items():
        left = [place for place in reversed(places) if kind(place) == name]
        reasons: dict[str, int] = {}
        for _ in range(number):
            best = min(left, key=lambda place: (place.question_id in seen, reasons.get(place.reason, 0)), default=None)
            if best is None:
                break
            chosen.append(best)
            left.remove(best)
            seen.add(best.question_id)
            reasons[best.reason] = reasons.get(best.reason, 0) + 1
    return chosen


def _rollout(file: str, place: Place, row: Tree) -> Html:
    name, asked = kind(place), row.get("prompt", "")
    start = cut(asked.partition("\n")[0], 80) or place.question_id
    prompt = verbatim(asked) if asked else missing("prompt in words", "the run was made before rollouts held it")
    judged = f"{'' if row['correct'] else 'not '}correct, {'' if row['formatted'] else 'not '}well-formed"
    verdict = facts([
        ("verdict", judged),
        ("reason", row["reason"].replace("_", " ")), ("answer read", row["answer"] or "none"),
        ("gold", row.get("gold", "")),
        ("reward", f"{row['reward']:g}"), ("advantage", signed(row["advantage"])),
        ("length", f"{count(len(row['completion_ids']))} tokens, ended by {row['finish_reason']}"),
        ("from", f"{file}, row {place.row}, {row['source']}, {row['domain']}/{row['template']}")])
    texts = el("div", el("h3", "Prompt"), prompt, el("h3", "Completion"), verbatim(row["text"]))
    return fold(join(el("b", name, class_=f"mark {name}"), " ", start), el("div", texts, verdict, class_="rollout"),
                open_=True)
