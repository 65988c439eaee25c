"""What threads that begin together make once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest
from crossthink.dataflow.once import once
from crossthink.dataflow.stages import decontaminate

from crossthink.data_config import QuestionFile


def test_threads_that_begin_together_make_it_once() -> None:
    made: list[int] = []
    begin = Barrier(4)

    @once
    def square(number: int) -> int:
        made.append(number)
        sleep(0.05)  # long enough for the others to ask
        return number * number

    def ask(number: int) -> int:
        begin.wait()
        return square(number)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, [3, 3, 4, 3])) == [9, 9, 16, 9]
    assert sorted(made) == [3, 4]


def test_what_failed_is_made_again() -> None:
    turns = iter([ValueError("not yet"), 7])

    @once
    def take() -> int:
        turn = next(turns)
        if isinstance(turn, Exception):
            raise turn
        return turn

    with pytest.raises(ValueError, match="not yet"):
        take()
    assert (take(), take()) == (7, 7)


def test_bundles_that_begin_together_share_one_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "exam.jsonl"
    path.write_text('{"question": "Which of the planets of the sun has the most moons?", "answer": "Saturn"}\n')
    file = QuestionFile(path=str(path), source="exam")
    read, begin = decontaminate.read_rows, Barrier(4)
    times: list[QuestionFile] = []

    def slow(one: QuestionFile) -> object:
        times.append(one)
        sleep(0.05)
        return read(one)

    def load(_: int) -> object:
        begin.wait()
        return decontaminate.load_index((file,), 8)

    monkeypatch.setattr(decontaminate, "read_rows", slow)
    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(load, range(4))
    assert all(other is first for other in others)
    assert len(times) == 1
