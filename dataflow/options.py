"""What a job is told: the options that change rows come from the recipe, folders and runner from the command line."""

import json
import posixpath
import shutil
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crossthink.dataflow.look.folders import FOLDERS
from crossthink.dataflow.parts import Piece
from crossthink.dataflow.sinks.manifest import UNFINISHED
from crossthink.dataflow.sources.warc_files import find_warc_files, is_list, matches, names_digest, state_of

from crossthink.config import ConfigError, Recipe
from crossthink.data_config import QuestionFile
from crossthink.engine.weights import PACKAGED, resolve_model
from crossthink.schema import Passage, Question
from crossthink.shards import Manifest

JOBS = ("extract", "import", "synthesize", "curate", "score", "run")
MARKER = "options.json"
"""The options of the run that a folder belongs to, written before its work starts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobOptions:
    """One job over one output folder."""

    job: str
    recipe: Recipe
    output: str

    @property
    def folder(self) -> Path:
        """Where the job's shards, manifest, funnel and dead letters go."""
        return Path(self.output) / FOLDERS[self.job]

    @property
    def reads(self) -> tuple[str, ...]:
        """Folders of other jobs that the job reads."""
        data = self.recipe.data
        if self.job == "curate":
            asked = {"imported": bool(data.questions),
                     "written": bool(data.warc) and data.questions_per_passage + data.cloze_per_passage > 0}
            return tuple(folder for folder, wanted in asked.items() if wanted) or tuple(asked)
        return {"synthesize": ("passages",), "score": ("curated",)}.get(self.job, ())

    def parts(self, chain: str) -> str:
        """Where the finished pieces of a chain are until the job has published."""
        return posixpath.join(self.output, ".parts", chain)

    @property
    def record(self) -> type:
        """What the job's shards hold."""
        return Passage if self.job == "extract" else Question


def store_folder(output: str) -> str:
    """The store of model calls of an output folder; it outlives the runs."""
    return str(Path(output) / "store")


def ledger_folder(output: str) -> str:
    """Where the run that is being built notes which model calls it used. Valid after `new_ledger`."""
    folders = sorted((Path(output) / ".ledger").iterdir())
    assert len(folders) == 1, f"{output}/.ledger: one folder a run"
    return str(folders[0])


def new_ledger(output: str) -> None:
    """Begin a run: the notes of the run before are dropped."""
    shutil.rmtree(Path(output) / ".ledger", ignore_errors=True)
    (Path(output) / ".ledger" / uuid.uuid4().hex).mkdir(parents=True)


def uses_model(recipe: Recipe) -> bool:
    """Whether any stage asks a model."""
    data = recipe.data
    return data.questions_per_passage > 0 or data.vote_samples > 0 or data.difficulty_attempts > 0


ASKS = {"synthesize": ("questions_per_passage",), "curate": ("vote_samples",), "score": ("difficulty_attempts",),
        "run": ("questions_per_passage", "vote_samples", "difficulty_attempts")}
"""Which of the recipe's data options make a job ask a model."""


def check_model(options: JobOptions) -> None:
    """Raise ConfigError where the job would ask a model that is not there, or an engine that knows no JSON schema."""
    model = options.recipe.model
    if not any(getattr(options.recipe.data, name) for name in ASKS.get(options.job, ())):
        return
    if model.engine == "transformers":
        raise ConfigError('model.engine = "transformers" cannot follow a JSON schema, as the data line needs: '
                          'choose "vllm" or "endpoint"')
    if model.engine == "vllm" and model.path != PACKAGED:
        try:
            resolve_model(model.path)
        except ValueError as error:
            raise ConfigError(f"model.path: {error}") from error


def row_options(recipe: Recipe) -> dict[str, Any]:
    """Everything that decides about rows, as JSON has it: the recipe's data section, seed and model, the input's sizes.

    Folders are left out: the same files elsewhere give the same rows.
    """
    data = json.loads(json.dumps(asdict(recipe.data)))
    data["evaluation"] = json.loads(json.dumps([asdict(file) for file in benchmarks(recipe)]))
    data["shipped"] = [Manifest.load(folder).digest for folder in recipe.data.shipped]
    data["warc"] = [posixpath.basename(pattern) for pattern in recipe.data.warc]
    for file in (*data["questions"], *data["evaluation"]):
        file["path"] = posixpath.basename(file["path"])
    options: dict[str, Any] = {"data": data, "seed": recipe.run.seed, "input_bytes": input_sizes(recipe)}
    if any(map(is_list, recipe.data.warc)):  # of a crawl's 90,000 files not each is asked for its size
        files = [file.path for file in find_warc_files(recipe.data.warc, recipe.data.warc_limit)]
        options["warc_files"] = {"number": len(files), "names": names_digest(files)}
    if uses_model(recipe):
        model = asdict(recipe.model)
        options["model"] = {"name": posixpath.basename(model["path"].rstrip("/")), "dtype": model["dtype"],
                            "max_model_len": model["max_model_len"], "engine": model["engine"]}
    return options


def input_sizes(recipe: Recipe) -> dict[str, int]:
    """Sizes in bytes of all input files by the name that rows carry: a base name, for question files behind the source.
    Files that a list of paths names are left out.

    Raises ConfigError where a file is missing, or two have one name.
    """
    wanted = [(pattern, "") for pattern in dict.fromkeys(recipe.data.warc) if not is_list(pattern)]
    wanted += [(file.path, f"{file.source}/") for file in recipe.data.questions]
    wanted += dict.fromkeys((file.path, f"evaluation/{file.source}/") for file in benchmarks(recipe))
    names: dict[str, tuple[str, int]] = {}
    for pattern, prefix in wanted:
        found = matches(pattern)
        if not found:
            raise ConfigError(f"{pattern}: no such file: correct the recipe's data section, or run where the file is")
        for entry in found:
            name = prefix + posixpath.basename(entry.path)
            if (prefix and name in names) or names.get(name, (entry.path,))[0] != entry.path:
                raise ConfigError(f"{entry.path} and {names[name][0]} are both {name}, and rows are named by it: "
                                  "rename one, or give it another source")
            names[name] = (entry.path, entry.size_in_bytes)
    return {name: size for name, (_, size) in sorted(names.items())}


def benchmarks(recipe: Recipe) -> tuple[QuestionFile, ...]:
    """What the rows are decontaminated against: data.evaluation, and what the recipe itself evaluates on."""
    return tuple(dict.fromkeys((*recipe.data.evaluation, *recipe.evaluate.questions)))


def warc_files(recipe: Recipe) -> list[tuple[str, str]]:
    """Paths of the WARC and WET files with their states, the largest first, so that workers end together."""
    files = find_warc_files(recipe.data.warc, recipe.data.warc_limit)
    largest_first = sorted(files, key=lambda entry: (-entry.size_in_bytes, entry.path))
    return [(entry.path, state_of(entry)) for entry in largest_first]


def question_pieces(recipe: Recipe) -> list[Piece]:
    """The question files with the numbers of their entries in the recipe."""
    return [Piece((number, replace(file, path=found.path)), f"{number} {file.source}/{posixpath.basename(found.path)}",
                  state_of(found)) for number, file in enumerate(recipe.data.questions) for found in matches(file.path)]


def claim_folder(folder: Path, options: dict[str, Any]) -> None:
    """Mark a folder as this run's. Raises ConfigError where it holds another run, or something that is no run."""
    marker = folder / MARKER
    if marker.exists():
        try:
            found = json.loads(marker.read_text(encoding="utf-8"))
        except ValueError:
            found = None
        if found != options:
            raise ConfigError(f"{folder} holds another run ({first_difference(found, options)}): "
                              "choose another output folder, or remove this one")
    elif folder.exists() and any(not path.name.startswith(UNFINISHED) for path in folder.iterdir()):
        raise ConfigError(f"{folder} is not empty and holds no run of the data line: choose another output folder")


def first_difference(found: Any, wanted: Any, key: str = "options") -> str:
    """Where two trees of options differ first, for an error message."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in sorted({*found, *wanted}):
            if found.get(name) != wanted.get(name):
                inner = name if key == "options" else f"{key}.{name}"
                return first_difference(found.get(name), wanted.get(name), inner)
    return f"{key} is {found!r:.60} there and {wanted!r:.60} here"
