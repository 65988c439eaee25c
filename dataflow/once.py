"""What a process makes once, however many of its threads ask for it at the same time.

Engines drive several bundles of a worker at once, and all of them begin together: `functools.cache` alone would let
each of them read an index or a model of its own.
"""

from collections.abc import Callable
from functools import cache, wraps
from threading import Lock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def once(make: Callable[P, R]) -> Callable[P, R]:
    """`functools.cache` for functions that take long: who comes meanwhile waits. Arguments are hashable."""
    made, lock = cache(make), Lock()

    @wraps(make)
    def found(*arguments: P.args, **named: P.kwargs) -> R:
        with lock:
            return made(*arguments, **named)  # type: ignore[arg-type]  # Hashable, which P cannot say

    return found
