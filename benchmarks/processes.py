"""Memory of processes that run, as Linux says it."""

import resource
from pathlib import Path


def descendants(process: int) -> list[int]:
    """Ids of the processes below one."""
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found += [child, *descendants(child)]
    return found


def resident(process: int) -> float:
    """MiB of a process's resident set; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except (OSError, IndexError):
        return 0.0
