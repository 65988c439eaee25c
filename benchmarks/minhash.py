"""MinHash signatures of 500-word documents on one core, peers in the same run, and how recall follows the theory.

    .venv/bin/pip install -c requirements/cpu.txt -r requirements/bench_text.txt
    .venv/bin/python benchmarks/minhash.py

14 bands of 8 over word 5-grams of textbook pages, from the text to the bands' keys. datatrove normalises and cuts
words with its own functions; datasketch and rensa have none, and get `text.lower().split()`, the cheapest there is.
Each side runs five turns; seconds are those of the CPU, all threads together, and the best turn counts. The curve:
pages with a part of their words replaced, their true Jaccard similarity, and the share of pairs with a band in common.
Writes benchmarks/results/minhash.json and .svg.
"""

import json
import lzma
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pyarrow as pa

from crossthink import _core
from crossthink.files import write_json
from crossthink.provenance import provenance

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", "../shared")) / "data"
WORDS, BANDS, ROWS, SHINGLE = 500, 14, 8, 5
TURNS, PEER_DOCUMENTS, PAIRS = 5, 300, 40_000
Side = Callable[[Sequence[str]], object]


def documents() -> list[str]:
    """Textbook pages cut into documents of 500 words, their white space as it was."""
    path = SHARED / "openstax" / "text_social_humanities_law.jsonl.xz"
    made = []
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            words = json.loads(line)["text"].split(" ")
            made += [" ".join(words[start:start + WORDS]) for start in range(0, len(words) - WORDS + 1, WORDS)]
    return made


def ours(texts: Sequence[str]) -> object:
    """Over an Arrow array."""
    return _core.band_keys(_core.minhash(pa.array(texts)))


def datatrove() -> Side:
    """datatrove's first stage without the files it writes."""
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature

    config = MinhashConfig(n_grams=SHINGLE, num_buckets=BANDS, hashes_per_bucket=ROWS)
    step = MinhashDedupSignature("/tmp/unused", config)
    return lambda texts: [step.get_signature(step.get_shingles(text)) for text in texts]


def shingle_strings(text: str) -> list[str]:
    """What peers without a normaliser are given."""
    words = text.lower().split()
    return [" ".join(words[i:i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)]


def datasketch() -> Side:
    """datasketch with numpy's updates in one batch, the bands as its LSH cuts them."""
    from datasketch import MinHash

    def side(texts: Sequence[str]) -> object:
        found = []
        for text in texts:
            one = MinHash(num_perm=BANDS * ROWS)
            one.update_batch([run.encode() for run in shingle_strings(text)])
            bands = one.hashvalues.reshape(BANDS, ROWS)
            found.append([bytes(band.byteswap().data) for band in bands])
        return found

    return side


def rensa_r(texts: Sequence[str]) -> object:
    """rensa's RMinHash in its call for bulk work."""
    from rensa import RMinHash

    return RMinHash.digest_matrix_from_token_sets([shingle_strings(text) for text in texts], BANDS * ROWS, 1)


def rensa_c(texts: Sequence[str]) -> object:
    """rensa's CMinHash in its call for bulk work."""
    from rensa import CMinHash

    return CMinHash.digests_from_token_sets([shingle_strings(text) for text in texts], BANDS * ROWS, 1)


def rate(side: Side, texts: Sequence[str]) -> list[float]:
    """Documents a second of CPU in each turn."""
    side(texts[:8])
    turns = []
    for _ in range(TURNS):
        started = process_time()
        side(texts)
        turns.append(len(texts) / (process_time() - started))
    return turns


def pairs(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A document and itself with a run of its words replaced by those of another."""
    random_ = random.Random(1)
    for _ in range(PAIRS):
        first, other = random_.sample(range(len(texts)), 2)
        words, others = texts[first].split(), texts[other].split()
        share = random_.uniform(0.02, 0.6)
        size = round(share * len(words))
        start = random_.randrange(len(words) - size + 1)
        yield texts[first], " ".join((*words[:start], *others[:size], *words[start + size:]))


def curve(texts: Sequence[str]) -> list[dict[str, float]]:
    """Per step of 0.025 of true Jaccard similarity: pairs, mean of the theory's probability, and share found."""
    similarity, found = [], []
    made = list(pairs(texts))
    keys = [_core.band_keys(_core.minhash(pa.array([pair[side] for pair in made]))) for side in (0, 1)]
    found = (keys[0] == keys[1]).any(axis=1)
    for first, second in made:
        values, offsets = _core.shingles([first, second], SHINGLE)
        shared = _core.shared(values[:offsets[1]], values[offsets[1]:])
        similarity.append(shared / (len(values) - shared))
    measured = np.array(similarity)
    theory = 1 - (1 - measured**ROWS)**BANDS
    points = []
    for low in np.arange(0.2, 1.0, 0.025):
        inside = (measured >= low) & (measured < low + 0.025)
        if (count := int(inside.sum())) < 50:
            continue
        expected = float(theory[inside].mean())
        deviation = float(np.sqrt((theory[inside] * (1 - theory[inside])).sum())) / count
        points.append({"similarity": float(measured[inside].mean()), "pairs": count, "theory": expected,
                       "found": float(found[inside].mean()), "standard_deviation": deviation})
    return points


def plot(points: Sequence[dict[str, float]], path: Path) -> None:
    """Theory's curve and what was found."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "crossthink"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    line = np.linspace(0, 1, 400)
    axes.plot(line, 1 - (1 - line**ROWS)**BANDS, color="#888888", label="1 - (1 - s^8)^14")
    axes.errorbar([point["similarity"] for point in points], [point["found"] for point in points],
                  [2 * point["standard_deviation"] for point in points], fmt="o", ms=3, color="#1f5fa8",
                  label=f"found, {PAIRS:,} pairs (two standard deviations)")
    axes.set(xlabel="true Jaccard similarity of word 5-grams", ylabel="share of pairs with a band in common")
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure, print, write."""
    texts = documents()
    characters = sum(map(len, texts)) / len(texts)
    sides = {"ours": (ours, texts), "datatrove": (datatrove(), texts[:PEER_DOCUMENTS]),
             "datasketch": (datasketch(), texts[:PEER_DOCUMENTS]),
             "rensa RMinHash": (rensa_r, texts[:PEER_DOCUMENTS]), "rensa CMinHash": (rensa_c, texts[:PEER_DOCUMENTS])}
    rates = {name: rate(side, some) for name, (side, some) in sides.items()}
    before = _core.isa()
    by_isa = {}
    for name in _core.available_isas():
        _core.use_isa(name)
        by_isa[name] = max(rate(ours, texts))
    _core.use_isa(before)
    points = curve(texts)
    results: dict[str, Any] = {
        "documents": len(texts), "words": WORDS, "characters": characters, "isa": before, "load": os.getloadavg(),
        "documents_per_second": {name: max(turns) for name, turns in rates.items()}, "turns": rates,
        "by_instruction_set": by_isa, "times": {name: max(rates["ours"]) / max(turns) for name, turns in rates.items()},
        "curve": points,
        "largest_deviation": max(abs(p["found"] - p["theory"]) / max(p["standard_deviation"], 1e-9) for p in points)}
    print(json.dumps({key: value for key, value in results.items() if key != "curve"}, indent=1))
    folder = Path(__file__).parent / "results"
    write_json(folder / "minhash.json", {**provenance(), "argv": "python benchmarks/minhash.py", "results": results})
    plot(points, folder / "minhash.svg")


if __name__ == "__main__":
    sys.exit(main())
