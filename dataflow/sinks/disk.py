"""A disk that is full while something is written: one clear error, and nothing half-written stays."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossthink.dataflow.stages.stage import JobError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def writing(path: Path, name: str) -> Iterator[None]:
    """Write `path`, which is to become `name`. Where the disk is full, it is removed and JobError says the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        path.unlink(missing_ok=True)
        raise JobError(f"{path.parent}: the disk is full ({error.strerror}) while {name} was written: free some space "
                       "there, or choose another output folder, and run the job again") from error
