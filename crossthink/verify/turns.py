"""Things lent to one thread at a time, first come, first served."""

import threading
from collections import deque
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """A queue of things in which nobody is passed by: what comes back goes to who has waited longest.

    With `queue.Queue` a thread that gives a thing back and asks for the next one mostly gets the same again, and who
    waits may wait for minutes.
    """

    def __init__(self, things: Sequence[T]) -> None:
        self._lock = threading.Lock()
        self._free = list(things)
        self._waiting: deque[SimpleQueue[T]] = deque()

    def get(self) -> T:
        """Wait for one; of those that are free, the one given back last."""
        with self._lock:
            if self._free:
                return self._free.pop()
            turn: SimpleQueue[T] = SimpleQueue()
            self._waiting.append(turn)
        try:
            return turn.get()
        except BaseException:  # an interrupt: what has been handed over meanwhile goes to the next
            with self._lock:
                waits = turn in self._waiting
                if waits:
                    self._waiting.remove(turn)
            if not waits:
                self.put(turn.get())
            raise

    def put(self, thing: T) -> None:
        """Give one back."""
        with self._lock:
            if not self._waiting:
                self._free.append(thing)
                return
            turn = self._waiting.popleft()
        turn.put(thing)
