"""Fit the weights of the domains' words, and write dataflow/stages/domain_words.txt.

    pip install scipy
    .venv/bin/python benchmarks/fit_domain.py [--without-mmlu]

Texts whose subject is known: OpenStax books and exercises, MMLU-Pro's questions that are not MMLU's, MedQA, PubMedQA,
LegalBench, MATH, ARC, OpenBookQA, CommonsenseQA (of no domain), MMLU's development and validation parts, pages that
sell (of no domain), and texts made of lists of words (domain_lists.py). MMLU's test part, on which benchmarks/domain.py
measures, is not read, and neither are the example pages; `--without-mmlu` leaves the other parts out as well, to see
what they are worth. What is kept of a text is which words speak for which domain.

A softmax regression over stems (length one a text, each domain as heavy as another, within it a source by the root of
its size) with an L2 penalty, by L-BFGS from zero; then the stems with the largest weights are fitted again alone, and
rounded, and the listed words weigh more: the same table on every run.
"""

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
from crossthink.dataflow.stages.domain import OTHER, TABLE, stems, times
from domain import SUBJECTS, rows
from domain_lists import LISTS
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

PENALTY = 3e-5
STEMS = 5000
MIN_TEXTS = 4
LISTED = 300
"""Pairs of texts made of each list: some of its words among those of a question, and of a page, of no domain."""
LISTED_WEIGHT = 90
"""Without it the arts are found in 3 of 2,716 passages of real pages, and half of the example pages get no domain."""
SELLING = ("product", "listing", "collection", "service")
"""Kinds of pages that sell, of no domain."""
SCALE = 40.0
"""Integers a unit of the score."""
NAMES = ("arts", "economics", "geography", "health", "history", "law", "philosophy", "stem", OTHER)
BOOKS = {"principles-economics-3e": "economics", "us-history": "history", "introduction-philosophy": "philosophy",
         "introduction-intellectual-property": "law", "introduction-anthropology": OTHER,
         "introduction-political-science": OTHER, "psychology-2e": OTHER, "american-government-4e": OTHER,
         "introduction-sociology-3e": OTHER}
"""The other books' exercises are of "stem"; business ethics is between two domains."""
CATEGORIES = {"economics": "economics", "business": "economics", "math": "stem", "physics": "stem", "chemistry": "stem",
              "engineering": "stem", "biology": "stem", "computer science": "stem"}
Example = tuple[str, str, str]
"""Source, domain, text."""
Floats = NDArray[np.float64]


def examples(with_mmlu: bool) -> Iterator[Example]:
    """All texts with their domains."""
    for number, row in enumerate(rows("openstax/text_social_humanities_law.jsonl.xz")):
        if domain := BOOKS.get(row["book"]):
            size = (40, 150)[number % 2]  # as long as a question, as long as a passage
            yield from ((f"book {row['book']}", domain, " ".join(words)) for words in cut(row["text"].split(), size))
    for row in rows("openstax/exercises_with_solution.jsonl.gz"):
        yield f"exercise {row['book']}", BOOKS.get(row["book"], "stem"), row["problem"]
    for row in rows("mmlu_pro/test.jsonl.gz"):
        if not row["src"].startswith("ori_mmlu") and row["category"] in CATEGORIES:
            yield f"category {row['category']}", CATEGORIES[row["category"]], asked(row)
    for name, domain in (("medqa/us_4_options_test.jsonl", "health"), ("math/train.jsonl.gz", "stem"),
                         ("arc/easy_test.jsonl", "stem"), ("arc/challenge_test.jsonl", "stem"),
                         ("openbookqa/test.jsonl", "stem"), ("csqa/validation.jsonl", OTHER)):
        yield from ((name, domain, asked(row)) for row in rows(name))
    for row in rows("pubmedqa/labeled.jsonl.gz"):
        yield "pubmedqa", "health", row["question"]
        yield "pubmedqa's contexts", "health", str(row["context"])
    for row in rows("legalbench/train_fewshot.jsonl"):
        yield f"legalbench {row['task'].split('_')[0]}", "law", " ".join(map(str, row["fields"].values()))
    selling = [" ".join(words) for row in rows("web_wcxb/ground_truth.jsonl.gz") if row["page_type"] in SELLING
               for words in cut(row["text"].split(), 80)]
    yield from (("pages", OTHER, text) for text in selling)
    draw, questions = random.Random(0), [asked(row) for row in rows("csqa/validation.jsonl")]
    for domain, words in sorted(LISTS.items()):
        for _ in range(LISTED):
            yield f"list {domain}", domain, " ".join((*draw.sample(words, 6), draw.choice(questions)))
            yield f"list {domain}", domain, " ".join((*draw.sample(words, 14), draw.choice(selling)))
    domains = {subject: domain for domain, subjects in SUBJECTS.items() for subject in subjects}
    for row in (*rows("mmlu/dev.jsonl"), *rows("mmlu/val.jsonl.gz")) if with_mmlu else ():
        yield "mmlu", domains.get(row["subject"].replace(" ", "_"), OTHER), asked(row)


def cut(words: list[str], size: int) -> list[list[str]]:
    """A text in parts of `size` words."""
    return [words[start:start + size] for start in range(0, len(words), size)]


def asked(row: dict[str, object]) -> str:
    """A question with its options."""
    options = row.get("options")
    return " ".join((str(row.get("question") or row.get("problem")), *(options if isinstance(options, list) else ())))


def matrix(texts: list[Counter[str]], known: list[str]) -> csr_matrix:
    """A row of length one for each text."""
    places = {stem: place for place, stem in enumerate(known)}
    values, columns, starts = [], [], [0]
    for text in texts:
        found = [(places[stem], float(times(count))) for stem, count in text.items() if stem in places]
        length = np.sqrt(sum(value * value for _, value in found)) or 1.0
        columns += [place for place, _ in found]
        values += [value / length for _, value in found]
        starts.append(len(columns))
    return csr_matrix((values, columns, starts), shape=(len(texts), len(known)))


def weigh(found: list[Example]) -> Floats:
    """Each domain weighs the same; in it a source weighs the root of its number of texts."""
    sizes = Counter((source, domain) for source, domain, _ in found)
    weight = np.array([sizes[source, domain] ** -0.5 for source, domain, _ in found])
    for name in NAMES:
        own = np.array([domain == name for _, domain, _ in found])
        weight[own] /= weight[own].sum() * len(NAMES)
    return weight


def fit(x: csr_matrix, y: NDArray[np.int64], weight: Floats) -> Floats:
    """Weights of the stems in rows, in the columns those of the domains; the last row is the biases."""
    truth, transposed, shape = np.eye(len(NAMES))[y], x.T.tocsr(), (x.shape[1] + 1, len(NAMES))

    def loss(flat: Floats) -> tuple[float, Floats]:
        at = flat.reshape(shape)
        score = x @ at[:-1] + at[-1]
        score -= score.max(axis=1, keepdims=True)
        log_p = score - np.log(np.exp(score).sum(axis=1, keepdims=True))
        error = weight[:, None] * (np.exp(log_p) - truth)
        gradient = np.vstack([transposed @ error + PENALTY * at[:-1], error.sum(axis=0)])
        return -(weight * log_p[np.arange(len(y)), y]).sum() + PENALTY / 2 * (at[:-1] ** 2).sum(), gradient.ravel()

    return minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B",
                    options={"maxiter": 150}).x.reshape(shape)


def main() -> None:
    """Fit, write the table, and print its size."""
    found = list(examples("--without-mmlu" not in sys.argv))
    texts = [stems(text) for _, _, text in found]
    y, weight = np.array([NAMES.index(domain) for _, domain, _ in found]), weigh(found)
    sources: dict[str, set[str]] = defaultdict(set)
    numbers: Counter[str] = Counter()
    for (source, _, _), text in zip(found, texts, strict=True):
        numbers.update(text.keys())
        for stem in text:
            sources[stem].add(source)
    known = sorted(stem for stem, number in numbers.items() if number >= MIN_TEXTS and len(sources[stem]) > 1)
    first = fit(matrix(texts, known), y, weight)[:-1]
    spread = first.max(axis=1) - first.min(axis=1)
    known = sorted(known[place] for place in np.argsort(-spread, kind="stable")[:STEMS])
    final = np.rint(SCALE * fit(matrix(texts, known), y, weight)).astype(int)
    weights = with_lists({stem: row.tolist() for stem, row in zip(known, final[:-1], strict=True)})
    lines = [" ".join(NAMES), " ".join(map(str, final[-1]))]
    lines += [" ".join((stem, *map(str, row))) for stem, row in sorted(weights.items())]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(found)} texts, {len(weights)} stems, {TABLE.stat().st_size} bytes")


def with_lists(weights: dict[str, list[int]]) -> dict[str, list[int]]:
    """The weights and, on top of them, LISTED_WEIGHT for each listed word in its domain."""
    for domain, words in LISTS.items():
        for stem in {stem for word in words for stem in stems(word)}:
            weights.setdefault(stem, [0] * len(NAMES))[NAMES.index(domain)] += LISTED_WEIGHT
    return weights


if __name__ == "__main__":
    main()
