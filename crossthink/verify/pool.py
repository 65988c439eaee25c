"""math-verify in processes of their own that are killed at the limit and replaced.

A computation such as 10^(10^10) runs inside one C call: no signal handler and no thread can end it, only the death of
its process. Workers are fresh interpreters: no forks, and nothing of the caller's main module is imported, as spawned
children of multiprocessing would. They start when the first answer needs them and are lent to one caller at a time, so
any number of threads may call `compare`.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from crossthink.schema import Reason
from crossthink.verify.counters import count
from crossthink.verify.turns import Turns

LIMIT_SECONDS = 5.0
"""Processor time of one comparison, parsing and proving together: verdicts do not depend on how busy the machine is."""
PATIENCE = 4.0
"""Times the limit that a comparison may take by the clock."""
START_SECONDS = 120.0
"""For a worker's imports, on a machine that is busy."""
MAX_WORKERS = 8


@dataclass(slots=True)
class Budget:
    """Seconds by the clock that the comparisons of one answer may take of the workers, all together. The time that they
    wait for a worker does not count."""

    left: float = PATIENCE * LIMIT_SECONDS


class _Died(Exception):
    """The worker ended before it answered."""


class _Worker:
    """One process that compares; used by one thread at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "crossthink.verify.worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._pending = b""
        count("worker_started")
        try:
            self._read_line(START_SECONDS)
        except (_Died, TimeoutError) as error:
            self.kill()
            raise RuntimeError("a math-verify process did not start (exit code "
                               f"{self._process.returncode}): try `{' '.join(command)}` by hand") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, gold: str, answer: str, limit: float, patience: float) -> str:
        """The worker's word. Raises TimeoutError at the limit and _Died where the process ended of something else."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([gold, answer, limit, patience]).encode() + b"\n")
            self._process.stdin.flush()
            return self._read_line(patience)
        except (OSError, _Died) as error:
            if isinstance(error, TimeoutError) or self._process.wait() == -signal.SIGPROF:
                raise TimeoutError from error
            raise _Died from error

    def _read_line(self, limit: float) -> str:
        assert self._process.stdout is not None
        poller = select.poll()
        poller.register(self._process.stdout, select.POLLIN | select.POLLHUP)
        deadline = monotonic() + limit
        while b"\n" not in self._pending:
            if not poller.poll(max(0.0, deadline - monotonic()) * 1000):
                raise TimeoutError
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise _Died
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode()

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # unsent bytes for a process that is dead
                    pipe.close()


class _Pool:
    """Idle workers, and room for those not yet started."""

    def __init__(self, size: int) -> None:
        self._slots: Turns[_Worker | None] = Turns([None] * size)
        self._lock = threading.Lock()
        self._closed = False
        self.workers: set[_Worker] = set()

    def compare(self, gold: str, answer: str, limit: float, budget: Budget) -> Reason:
        """The worker's verdict; a worker that dies of something else is replaced and asked once more."""
        for _ in range(2):
            worker = self._slots.get()
            started = monotonic()
            try:
                worker = worker or self._start()
                started = monotonic()
                reason = Reason(worker.ask(gold, answer, min(limit, budget.left), budget.left))
            except _Died:
                self._end(worker)
                worker = None
            except TimeoutError:
                self._end(worker)
                worker = None
                return Reason.TIME_OUT
            except BaseException:  # an interrupt leaves an answer in the pipe: no other caller may read it
                self._end(worker)
                worker = None
                raise
            else:
                return reason
            finally:
                budget.left -= monotonic() - started
                self._slots.put(worker)
        return Reason.PARSE_FAILURE

    def close(self) -> None:
        """Kill every worker; callers that still wait get an error instead of a verdict."""
        with self._lock:
            self._closed = True
            workers = list(self.workers)
        for worker in workers:
            worker.kill()

    def _start(self) -> _Worker:
        worker = _Worker()
        with self._lock:
            self.workers.add(worker)
            closed = self._closed
        if closed:
            worker.kill()
            raise RuntimeError("the pool was closed while an answer was being compared")
        return worker

    def _end(self, worker: _Worker | None) -> None:
        if worker is not None:
            count("worker_killed")
            worker.kill()
            with self._lock:
                self.workers.discard(worker)


_pool: _Pool | None = None
_pool_lock = threading.Lock()


def compare(gold: str, answer: str, limit: float = LIMIT_SECONDS, budget: Budget | None = None) -> Reason:
    """What math-verify says of an answer (LaTeX without delimiters): CORRECT, WRONG, PARSE_FAILURE, BAD_GOLD, TIME_OUT.

    TIME_OUT after `limit` seconds of processor time, or where the budget is spent (by itself four times the limit).
    Raises RuntimeError where no worker can be started (math-verify missing), whatever the strings.
    """
    budget = budget or Budget(PATIENCE * limit)
    return _shared().compare(gold, answer, limit, budget) if budget.left > 0 else Reason.TIME_OUT


def worker_pids() -> list[int]:
    """Process ids of the workers that are alive."""
    return sorted(worker.pid for worker in _pool.workers) if _pool else []


def close() -> None:
    """Kill the workers; the next comparison starts new ones."""
    global _pool
    with _pool_lock:
        if _pool is not None:
            _pool.close()
            _pool = None


def _shared() -> _Pool:
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = _Pool(min(MAX_WORKERS, os.cpu_count() or 1))
        return _pool


def _forget() -> None:
    """In a fork the workers belong to the parent: the child starts its own."""
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()


atexit.register(close)
os.register_at_fork(after_in_child=_forget)
