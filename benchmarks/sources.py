"""Reading a crawl: ours from the disk, in splits and from a web address, beside FastWARC (C++) and warcio (Python).

    python benchmarks/sources.py

The file is the shared folder's 260 pages (CROSSTHINK_SHARED) 12 times over, 84 MB of gzip members. Every reader reads
every block to its end; ours also checks where each record ends and each member's checksum. The best of three turns of
each, in turn. Needs warcio (requirements/bench_text.txt). Writes benchmarks/results/sources.json.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

from crossthink.dataflow.records import Fault
from crossthink.dataflow.sources.splits import WarcSplit, read_split, splits
from fastwarc.warc import ArchiveIterator
from warcio.archiveiterator import ArchiveIterator as Warcio

from crossthink.files import write_json
from crossthink.provenance import provenance

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "dataflow" / "sources"))
from web_server import serve  # noqa: E402

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", "../shared")) / "data"
COPIES, TURNS = 12, 3


def ours(parts: list[WarcSplit]) -> Iterator[int]:
    """Sizes of the blocks."""
    for part in parts:
        for found in read_split(part):
            assert not isinstance(found, Fault), found
            yield len(found.block)


def fastwarc(path: str) -> Iterator[int]:
    with open(path, "rb") as stream:
        for record in ArchiveIterator(stream, parse_http=False):
            yield len(record.reader.read())


def warcio(path: str) -> Iterator[int]:
    with open(path, "rb") as stream:
        for record in Warcio(stream, no_record_parse=True):
            yield len(record.raw_stream.read())


def main() -> None:
    """Measure, print, and write the results."""
    with tempfile.TemporaryDirectory() as folder, serve() as site:
        path = Path(folder) / "crawl.warc.gz"
        path.write_bytes((SHARED / "web_wcxb" / "wcxb_260.warc.gz").read_bytes() * COPIES)
        whole = [WarcSplit(file=str(path))]
        offsets = [found.offset for found in read_split(whole[0]) if not isinstance(found, Fault)]
        site.files["/crawl.warc.gz"] = path.read_bytes()
        indexed = Path(folder) / "indexed.warc.gz"
        indexed.symlink_to(path)
        Path(f"{indexed}.cdxj").write_text("".join(json.dumps({"offset": offset}) + "\n" for offset in offsets))
        parts = splits(str(indexed), 8 << 20)
        readers: dict[str, Callable[[], Iterator[int]]] = {
            "ours": lambda: ours(whole), f"ours, {len(parts)} splits": lambda: ours(parts),
            "ours, http": lambda: ours([WarcSplit(file=f"{site.url}/crawl.warc.gz")]),
            "fastwarc": lambda: fastwarc(str(path)), "warcio": lambda: warcio(str(path))}
        seconds: dict[str, list[float]] = {name: [] for name in readers}
        sizes = {}
        for _ in range(TURNS):
            for name, read in readers.items():
                started = process_time()
                sizes[name] = list(read())
                seconds[name].append(process_time() - started)
        assert all(found == sizes["ours"] for found in sizes.values()), {n: len(found) for n, found in sizes.items()}
        size = path.stat().st_size
    rates = {name: round(size / 1e6 / min(turns), 1) for name, turns in seconds.items()}
    results = {"command": "python benchmarks/sources.py", **provenance(), "records": len(sizes["ours"]), "bytes": size,
               "seconds_of_cpu": seconds, "megabytes_per_second": rates,
               "times": {name: round(rates["ours"] / rate, 2) for name, rate in rates.items()}}
    write_json(HERE / "results" / "sources.json", results)
    print(json.dumps(rates, indent=1))


if __name__ == "__main__":
    main()
