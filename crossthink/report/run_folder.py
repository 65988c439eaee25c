"""A run folder as one record. Whatever is missing is None or empty; what cannot be read is named in `notes`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from crossthink.arrow import check_version
from crossthink.schema import Question, Rollout
from crossthink.shards import Manifest, Questions, ShardError, read_questions

Tree = dict[str, Any]
Letters = dict[tuple[str, str], list[Tree]]
"""Dead letters of each (stage, reason), the first few."""
LETTERS_KEPT = 2


class Place(NamedTuple):
    """One rollout without its tokens and text, and where the rest of it is."""

    file: int
    row: int
    question_id: str
    step: int
    sample: int
    correct: bool
    formatted: bool
    reward: float
    reason: str
    domain: str
    template: str
    group: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollouts:
    """The rollouts of a training: all places in memory, texts read when asked for."""

    files: list[Path]
    places: list[Place]

    def read(self, places: Sequence[Place]) -> list[Tree]:
        """The whole rows at `places`, in their order."""
        rows: dict[Place, Tree] = {}
        for number in sorted({place.file for place in places}):
            table = read_arrow(self.files[number])
            rows |= {place: table.slice(place.row, 1).to_pylist()[0] for place in places if place.file == number}
        return [rows[place] for place in places]


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """What the data line left."""

    manifest: Manifest | None
    questions: Questions | None
    tokens: Tree
    funnel: list[Tree]
    run: Tree
    rejected: Letters
    failed: Letters


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """What the trainer left."""

    run: Tree
    metrics: list[Tree]
    rollouts: Rollouts
    cold_start: Tree
    finished: bool

    @property
    def recipe(self) -> Tree:
        """The recipe's sections."""
        return self.run.get("recipe", {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What one model's answers to the held-out questions come to."""

    summary: Tree

    @property
    def cells(self) -> Tree:
        """Results in total and by part."""
        return self.summary.get("cells", {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Everything that a run folder holds."""

    path: Path
    data: Data | None
    training: Training | None
    before: Evaluation | None
    after: Evaluation | None
    comparison: Tree
    demo: Tree
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The recipe's name of the run, else the folder's."""
        recipe = self.training.recipe if self.training else {}
        return recipe.get("run", {}).get("name") or self.path.resolve().name


def read_run(path: Path) -> Run:
    """Read a run folder. Raises ValueError where it is none."""
    if not path.is_dir():
        raise ValueError(f"{path}: no such folder: give the --output of a run")
    if not any((path / part).is_dir() for part in ("data", "train", "eval")):
        raise ValueError(f"{path}: holds no data/, train/ or eval/: give the --output of a run")
    notes: list[str] = []
    evaluation = path / "eval"
    return Run(path=path, data=_data(path / "data", notes), training=_training(path / "train", notes),
               before=_evaluation(evaluation / "before", notes), after=_evaluation(evaluation / "after", notes),
               comparison=_tree(evaluation / "comparison.json", notes), demo=_tree(path / "demo.json", notes),
               notes=notes)


def _data(folder: Path, notes: list[str]) -> Data | None:
    if not folder.is_dir():
        return None
    manifest, questions = None, None
    if (folder / "manifest.json").exists():
        try:
            manifest = Manifest.load(folder)
            questions = read_questions(manifest)
        except (ShardError, ValueError) as error:
            notes.append(str(error))
    return Data(manifest=manifest, questions=questions,
                tokens=_tree(folder / "manifest.json", notes).get("tokens_generated", {}),
                funnel=_json(folder / "funnel.json", notes) or [], run=_tree(folder / "run.json", notes),
                rejected=_letters(folder / "rejected.jsonl"), failed=_letters(folder / "failed.jsonl"))


def _training(folder: Path, notes: list[str]) -> Training | None:
    if not folder.is_dir():
        return None
    metrics = list(json_lines(folder / "metrics.jsonl", torn_ends=True))
    return Training(run=_tree(folder / "run.json", notes), metrics=[row for row in metrics if "step" in row],
                    rollouts=_rollouts(folder / "rollouts", notes),
                    cold_start=_tree(folder / "cold" / "cold_start.json", notes),
                    finished=(folder / "final" / "config.json").exists())


def _rollouts(folder: Path, notes: list[str]) -> Rollouts:
    files: list[Path] = []
    places: list[Place] = []
    columns = Place._fields[2:]
    for path in sorted(folder.glob("step-*.arrow")):
        try:
            table = read_arrow(path)
            check_version(table.schema, Rollout, str(path))
            values = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
        except (OSError, ValueError, KeyError) as error:
            notes.append(f"{path}: not read: {error}")
            continue
        places += [Place(len(files), row, *found) for row, found in enumerate(values)]
        files.append(path)
    return Rollouts(files=files, places=places)


def _evaluation(folder: Path, notes: list[str]) -> Evaluation | None:
    summary = _tree(folder / "summary.json", notes)
    return Evaluation(summary=summary) if summary else None


def read_arrow(path: Path) -> pa.Table:
    """Map an Arrow IPC file."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def json_lines(path: Path, *, torn_ends: bool = False) -> Iterator[Tree]:
    """The objects of a JSONL file; no file is none. A torn line is left out, or, with `torn_ends`, the end."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                if torn_ends:
                    return
                continue
            if isinstance(row, dict):
                yield row


def _letters(path: Path) -> Letters:
    letters: Letters = {}
    for row in json_lines(path):
        kept = letters.setdefault((str(row.get("stage")), str(row.get("reason"))), [])
        if len(kept) < LETTERS_KEPT:
            kept.append(row)
    return letters


def _json(path: Path, notes: list[str]) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        notes.append(f"{path}: not read: {error}")
        return None


def _tree(path: Path, notes: list[str]) -> Tree:
    found = _json(path, notes)
    return found if isinstance(found, dict) else {}


def questions_by_id(data: Data | None, wanted: set[str]) -> dict[str, tuple[int, Question]]:
    """Row number and question of each wanted id that the shards hold."""
    if data is None or data.questions is None:
        return {}
    questions = data.questions
    return {name: (row, questions[row]) for row, name in enumerate(questions.column("id")) if name in wanted}
