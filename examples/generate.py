"""Write the example's five question files.

    python examples/generate.py [OUT] [--seed 0] [--rows-math 240] [--rows-facts 480] [--rows-evaluation 480]
                                [--rows-cold 240]

The same arguments give the same bytes. Training questions on facts come from the tables of the pages; evaluation and
cold start use invented facts, and number pairs, that no other file has. Run pack.py afterwards: the crawl's quiz page
repeats a question of the evaluation set.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from fact_questions import FACT_FAMILIES, UNIT, FactKnobs, fact_rows
from math_questions import MATH_FAMILIES, MathKnobs, math_rows
from splits import SPLITS, Row

HERE = Path(__file__).resolve().parent


def generate(seed: int, n_per_family: int, families: Sequence[str], split: str, math: MathKnobs | None = None,
             facts: FactKnobs | None = None) -> list[Row]:
    """`n_per_family` rows of each family, family after family, for one of the splits.

    Rows of "cold_start" carry a `reasoning`. Raises ValueError for an unknown family or split and for more rows than
    the ranges or pages give.
    """
    unknown = [name for name in families if name not in (*MATH_FAMILIES, *FACT_FAMILIES)]
    if unknown or split not in SPLITS:
        raise ValueError(f"families {unknown} or split {split!r} unknown; families: {', '.join(MATH_FAMILIES)}, "
                         f"{', '.join(FACT_FAMILIES)}; splits: {', '.join(SPLITS)}")
    rows: list[Row] = []
    for family in families:
        rng = Random(f"{seed}/{split}/{family}")
        if family in MATH_FAMILIES:
            rows += math_rows(family, n_per_family, split, rng, math or MathKnobs())
        else:
            rows += fact_rows(family, n_per_family, split, rng, facts or FactKnobs())
    return rows


def question_files(seed: int, *, rows_math: int = 240, rows_facts: int = 480, rows_evaluation: int = 480,
                   rows_cold: int = 240, math: MathKnobs | None = None,
                   facts: FactKnobs | None = None) -> dict[str, list[Row]]:
    """All five files by name, rows mixed. Evaluation and cold start are half arithmetic, half facts.

    The training questions on facts are in two files, with options and without.
    """
    wanted = {
        "questions-math.jsonl": ("training", rows_math, 0),
        "questions-facts.jsonl": ("training", 0, rows_facts),
        "evaluation.jsonl": ("evaluation", rows_evaluation - rows_evaluation // 2, rows_evaluation // 2),
        "cold_start.jsonl": ("cold_start", rows_cold - rows_cold // 2, rows_cold // 2),
    }
    files = {}
    for name, (split, n_math, n_facts) in wanted.items():
        rows: list[Row] = []
        for family, count in [*_shares(MATH_FAMILIES, n_math, 1), *_shares(FACT_FAMILIES, n_facts, UNIT)]:
            rows += generate(seed, count, [family], split, math, facts)
        Random(f"{seed}/{name}").shuffle(rows)
        files[name] = rows
    facts_rows = files["questions-facts.jsonl"]
    files["questions-facts.jsonl"] = [row for row in facts_rows if row["options"]]
    files["questions-facts-open.jsonl"] = [row for row in facts_rows if not row["options"]]
    return files


def _shares(families: Sequence[str], total: int, unit: int) -> list[tuple[str, int]]:
    """`total` rows over the families as evenly as multiples of `unit` allow, the first families getting the rest."""
    if total % unit:
        raise ValueError(f"{total} rows of facts do not balance: give a multiple of {unit}")
    each, rest = divmod(total // unit, len(families))
    return [(family, unit * (each + (index < rest))) for index, family in enumerate(families)]


def to_jsonl(rows: Sequence[Row]) -> bytes:
    """One JSON object a line, keys in the order of the row."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def main() -> None:
    """Parse the command line, write the files, say what was written."""
    parser = argparse.ArgumentParser(description="Write the example's question files.")
    parser.add_argument("out", nargs="?", type=Path, default=HERE, help="folder (default: examples/)")
    parser.add_argument("--seed", type=int, default=0)
    for name, rows in (("math", 240), ("facts", 480), ("evaluation", 480), ("cold", 240)):
        parser.add_argument(f"--rows-{name}", type=int, default=rows, metavar="N")
    args = parser.parse_args()
    try:
        files = question_files(args.seed, rows_math=args.rows_math, rows_facts=args.rows_facts,
                               rows_evaluation=args.rows_evaluation, rows_cold=args.rows_cold)
    except ValueError as error:
        parser.error(str(error))
    args.out.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (args.out / file).write_bytes(to_jsonl(content))
        print(f"{args.out / file}: {len(content)} rows")


if __name__ == "__main__":
    main()
