"""What a folder of shards says of itself to people: the dataset card (README.md) and whom its rows are from.

Both follow from the manifest, the statistics and the funnel alone, so that the same rows have the same card. The card's
head is the YAML that Hugging Face reads: `datasets.load_dataset(folder)` finds the shards by it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from crossthink.dataflow.sinks.manifest import to_json

Tree = dict[str, Any]
HUB_LICENCES = {"Apache-2.0": "apache-2.0", "CC-BY-4.0": "cc-by-4.0", "CC-BY-NC-4.0": "cc-by-nc-4.0",
                "CC-BY-NC-SA-4.0": "cc-by-nc-sa-4.0", "CC-BY-SA-4.0": "cc-by-sa-4.0", "CC0-1.0": "cc0-1.0",
                "MIT": "mit", "ODC-By-1.0": "odc-by", "unknown": "unknown"}
"""Names of the Hub for ours; what has none there is "other"."""
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
          (10**8, "10M<n<100M"), (10**9, "100M<n<1B"))
_LIMITS = {"Question": """\
- Answers were verified against their own verifier; that they are true is as sure as the source they come from.
- Rows that a model wrote (`lineage.synthesizer` is `llm`) can be wrong in ways that votes do not see.
- Decontamination finds copies, re-ordered options and small changes, not paraphrases and translations.
- The order of the rows is that of hashes and says nothing; `answer_positions` in `statistics.json` shows how the
  letters of right answers are distributed.
""", "Passage": """\
- Passages are whole sentences of web pages, judged by rules; what they say is as true as the pages.
- The pages are their owners': `url`, `warc_file` and `warc_offset` name each.
"""}


def describe(made: Tree, statistics: Tree, funnel: list[Tree], shards: str = "*.arrow") -> dict[str, bytes]:
    """The files beside the manifest that describe its rows; `shards` is the pattern of their names."""
    return {"statistics.json": to_json(statistics), "ATTRIBUTION.md": attribution(made, statistics).encode(),
            "README.md": card(made, statistics, funnel, shards).encode("utf-8", "backslashreplace")}


def attribution(made: Tree, statistics: Tree, head: str = "# Attribution") -> str:
    """Source, title, authors, address and licence of the rows, with their numbers."""
    entries: dict[str, Tree] = {}
    for file in made["options"].get("data", {}).get("questions", ()):
        entries.setdefault(file["source"], file)
    rows = []
    for found in statistics["licences"]:
        entry = entries.get(found["source"], {})
        rows.append((found["source"], entry.get("title", ""), entry.get("authors", ""), entry.get("url", ""),
                     found["licence"], found["rows"]))
    text = f"{head}\n\n"
    if rows:
        text += _table(("source", "title", "authors", "address", "licence", "rows"), rows)
    if made["record"] == "Passage" or any(source not in entries for source, *_ in rows):
        text += ("\nRows from a crawl: the pages are their owners'. Each row names its page, the WARC file and the "
                 "offset in it. Common Crawl's terms of use: https://commoncrawl.org/terms-of-use\n")
    return text


def card(made: Tree, statistics: Tree, funnel: list[Tree], shards: str) -> str:
    """The dataset card."""
    name = f"CrossThink {made['record'].lower()}s"
    return "\n".join([
        _head(made, statistics, name, shards), f"# {name}\n",
        f"{made['rows']:,} rows in {len(made['files'])} files, made by CrossThink {made['code']} "
        f"(schema {made['schema']}).\n"
        "The options that made them stand in `manifest.json`.\n",
        "    datasets.load_dataset(FOLDER)          # every column, by Hugging Face\n"
        "    crossthink.shards.read_questions(...)  # mapped into memory, by CrossThink\n",
        "## Counts\n", *_counts(statistics), "## Columns\n", _columns(statistics),
        attribution(made, statistics, "## Attribution"), "## How it was made\n",
        "What each stage read and gave; rows that were lost stand in `rejected.jsonl` and `failed.jsonl`, each with "
        "its reason.\n", _funnel(funnel), "## Limits\n", _LIMITS[made["record"]]])


def _head(made: Tree, statistics: Tree, name: str, shards: str) -> str:
    licences = sorted({HUB_LICENCES.get(found["licence"], "other") for found in statistics["licences"]} or {"other"})
    size = next((text for limit, text in _SIZES if made["rows"] < limit), "n>1T")
    tasks = ("question-answering", "text-generation") if made["record"] == "Question" else ("text-generation",)
    languages = made["options"].get("data", {}).get("languages", ())
    # quoted: "no" alone is what YAML reads as false
    lines = ["---", f"pretty_name: {name}", "license:", *(f"- {licence}" for licence in licences),
             *(["language:", *(f'- "{language}"' for language in languages)] if languages else ()),
             "size_categories:", f"- {size}", "task_categories:", *(f"- {task}" for task in tasks),
             "configs:", "- config_name: default", "  data_files:", "  - split: train",
             f'    path: "{shards}"', "---\n"]
    return "\n".join(lines)


def _counts(statistics: Tree) -> Iterable[str]:
    for name, values in statistics["counts"].items():
        if set(values) - {""}:
            yield _table((name, "rows"), sorted(values.items(), key=lambda item: (-item[1], item[0])))
    if positions := statistics["answer_positions"]:
        letters = sorted({letter for golds in positions.values() for letter in golds})
        yield _table(("right answer of", *letters),
                     [(f"{options} options", *(golds.get(letter, 0) for letter in letters))
                      for options, golds in positions.items()])


def _columns(statistics: Tree) -> str:
    """What stands in the columns; those that hold nothing are left out."""
    rows = []
    for name, column in statistics["columns"].items():
        if column["nulls"] + column.get("empty", 0) == statistics["rows"]:
            continue
        measure = next(((key, column[key]) for key in ("characters", "length", "value") if key in column), None)
        shown = f"{measure[0]} {measure[1]['min']} to {measure[1]['max']}, mean {measure[1]['mean']}" if measure else ""
        about = "" if column.get("distinct_is_exact", True) else "about "
        rows.append((name, column["type"], column["nulls"], f"{about}{column.get('distinct', '')}", shown))
    return _table(("column", "type", "nulls", "distinct", "range"), rows)


def _funnel(funnel: list[Tree]) -> str:
    lost = [", ".join(f"{reason} {number}" for reason, number in {**row["rejected"], **row["failed"]}.items())
            for row in funnel]
    return _table(("stage", "in", "out", "lost"),
                  [(row["stage"], row["in"], row["out"], reasons) for row, reasons in zip(funnel, lost, strict=True)])


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; a bar in a cell would end it."""
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
