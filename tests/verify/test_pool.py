"""The pool under attack: towers of powers, workers killed from outside, many threads, forks; and what starts none."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crossthink.schema import Question, Reason
from crossthink.verify import check_answer, counts, grade_all, pool, reset_counts
from crossthink.verify.turns import Turns


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    reset_counts()


def test_a_tower_of_powers_ends_in_time(ask: Callable[..., Question]) -> None:
    # 10^(10^10) has ten thousand million digits: no handler inside the process can stop the C call that writes them.
    pool.compare(r"\sqrt{4}", "2")
    started = time.perf_counter()
    reason = pool.compare(r"10^{10^{10}}", r"10^{10^{11}}", limit=1.0)
    assert time.perf_counter() - started < pool.PATIENCE + 2
    assert reason is Reason.TIME_OUT
    assert counts()["worker_killed"] == 1
    assert pool.compare(r"\sqrt{4}", "2") is Reason.CORRECT


@pytest.mark.parametrize("answer", ["9^{9^{9^9}}", "10^{10^{10}}", "(((9!)!)!)!",
                                    r"\sum_{n=1}^{10^{12}} \sin(n^n)", r"\int_0^1 x^{x^{x^x}} dx",
                                    r"\sqrt{" * 300 + "2" + "}" * 300, "(" * 400 + "1" + ")" * 400,
                                    r"\frac{" * 100, "^" * 500,
                                    r"2^{-10^{9}}", r"\binom{10^9}{5\cdot10^8}"])
def test_hostile_answers_get_a_verdict(answer: str) -> None:
    assert pool.compare("7", answer, limit=1.0) in {Reason.TIME_OUT, Reason.WRONG, Reason.PARSE_FAILURE}


def test_a_worker_killed_from_outside_is_replaced(ask: Callable[..., Question]) -> None:
    assert check_answer(ask(r"\sqrt{12}"), r"2\sqrt{3}").correct
    for pid in pool.worker_pids():
        os.kill(pid, signal.SIGKILL)
    for _ in range(3):
        assert check_answer(ask(r"\sqrt{12}"), r"2\sqrt{3}").correct
    with ThreadPoolExecutor(1) as threads:  # while it works
        slow = threads.submit(pool.compare, "7", "9^{9^{9^9}}", 2.0)
        time.sleep(0.5)
        for pid in pool.worker_pids():
            os.kill(pid, signal.SIGKILL)
        assert slow.result() is Reason.TIME_OUT  # asked once more, and stopped at the limit
    assert check_answer(ask(r"\sqrt{12}"), r"2\sqrt{3}").correct


def test_many_responses_side_by_side_keep_their_order(ask: Callable[..., Question]) -> None:
    golds = [rf"\sqrt{{{number}}}" for number in range(2, 14)]
    right = [rf"<think></think>\boxed{{\frac{{{number}}}{{\sqrt{{{number}}}}}}}" for number in range(2, 14)]
    wrong = [r"<think></think>\boxed{\sqrt{101}}", "no box"]
    verdicts = grade_all([ask(gold) for gold in [*golds, "7", "7"]], right + wrong)
    assert [verdict.reward for verdict in verdicts] == [1.0] * 12 + [0.0, 0.0]
    assert [verdict.reason for verdict in verdicts[12:]] == [Reason.WRONG, Reason.NO_THINK]


def test_thirty_two_threads_get_their_own_verdicts(ask: Callable[..., Question]) -> None:
    questions = [ask(rf"\sqrt{{{number}}}") for number in range(2, 34)]
    # n * sqrt(n) / n = sqrt(n), and sqrt(n) + 1 is not
    right = [rf"\frac{{{number}\sqrt{{{number}}}}}{{{number}}}" for number in range(2, 34)]
    with ThreadPoolExecutor(32) as threads:
        verdicts = list(threads.map(check_answer, questions * 2, [*right, *(f"{answer}+1" for answer in right)]))
    assert [verdict.reason for verdict in verdicts] == [Reason.CORRECT] * 32 + [Reason.WRONG] * 32
    assert len(pool.worker_pids()) <= min(pool.MAX_WORKERS, os.cpu_count() or 1)


def test_an_equation_ends_with_its_first_side_that_does_not(ask: Callable[..., Question]) -> None:
    """Found by the fuzzer: each side had five seconds of its own."""
    verdict = check_answer(ask(r"\sqrt{49}"), "9^{9^{9^9}} = 8^{9^{9^9}} = 7^{9^{9^9}}")
    assert verdict.reason is Reason.TIME_OUT
    assert counts()["math_pool"] == 1


def test_nobody_is_passed_by() -> None:
    """One thing, lent to this thread while another waits: given back, it goes to the other, however fast we ask."""
    turns = Turns(["worker"])
    thing = turns.get()
    order: list[str] = []
    with ThreadPoolExecutor(1) as threads:
        def other() -> None:
            got = turns.get()
            order.append("other")
            turns.put(got)

        waiting = threads.submit(other)
        while not turns._waiting:
            time.sleep(0.001)
        turns.put(thing)
        turns.put(turns.get())
        order.append("this")
        waiting.result()
    assert order == ["other", "this"]


def test_a_spent_budget_is_a_time_out_and_waiting_does_not_spend_it() -> None:
    assert pool.compare("7", r"\sqrt{49}", budget=pool.Budget(0.0)) is Reason.TIME_OUT
    budget, size = pool.Budget(3.0), min(pool.MAX_WORKERS, os.cpu_count() or 1)
    lent = [pool._shared()._slots.get() for _ in range(size)]
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.compare, "7", r"\sqrt{49}", pool.LIMIT_SECONDS, budget)
        time.sleep(3.5)  # longer than the budget
        for worker in lent:
            pool._shared()._slots.put(worker)
        assert waiting.result() is Reason.CORRECT
    assert 0.0 < budget.left < 3.0


def test_close_ends_every_worker_and_the_next_answer_starts_anew() -> None:
    assert pool.compare(r"\sqrt{4}", "2") is Reason.CORRECT
    pids = pool.worker_pids()
    pool.close()
    assert pool.worker_pids() == []
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert pool.compare(r"\sqrt{4}", "2") is Reason.CORRECT


SETUP = """
import os, sys
from crossthink.schema import Lineage, Question
from crossthink.verify import check_answer, counts, grade, pool
def ask(answer, kind, options=(), label=""):
    return Question(id="q", question="What?", options=options, answer=answer, answer_label=label, answer_type=kind,
        verifier="", template="open", domain="", group="gpr", source="s", licence="l", lineage=Lineage())
"""


def run(code: str) -> str:
    command = [sys.executable, "-c", SETUP + code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_plain_answers_start_no_process_and_import_no_sympy_or_torch() -> None:
    printed = run("""
assert grade(ask("x", "choice", ("x", "y"), "A"), "<think></think>\\\\boxed{A}").reward == 1
assert grade(ask("x", "text"), "<think></think>\\\\boxed{X}").reward == 1
assert grade(ask("1/2", "math"), "<think></think>\\\\boxed{0.5}").reward == 1
print(pool.worker_pids(), counts().get("worker_started", 0),
      [m for m in ("torch", "sympy", "math_verify", "multiprocessing") if m in sys.modules])
""")
    assert printed.strip() == "[] 0 []"


def test_no_worker_outlives_its_parent() -> None:
    printed = run("""
print(check_answer(ask("\\\\sqrt{12}", "math"), "2\\\\sqrt{3}").correct, *pool.worker_pids(), flush=True)
os._exit(0)  # no exit handler runs
""").split()
    assert printed[0] == "True"
    assert _gone(int(printed[1]))


def test_a_forked_child_starts_its_own_workers() -> None:
    printed = run("""
question = ask("\\\\sqrt{12}", "math")
assert check_answer(question, "2\\\\sqrt{3}").correct
before = pool.worker_pids()
child = os.fork()
if child == 0:
    right = check_answer(question, "2\\\\sqrt{3}").correct
    code = 0 if right and not set(pool.worker_pids()) & set(before) else 1
    pool.close()
    os._exit(code)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]),
      check_answer(question, "2\\\\sqrt{3}").correct, pool.worker_pids() == before)
""")
    assert printed.split() == ["0", "True", "True"]


def test_torch_has_started_its_threads() -> None:
    """A fork beside running threads may hang; the pool does not fork."""
    pytest.importorskip("torch")
    printed = run("""
import torch
torch.set_num_threads(4)
matrix = torch.rand(600, 600, requires_grad=True)
(matrix @ matrix).sum().backward()  # the pools of both passes are up
print(check_answer(ask("\\sqrt{12}", "math"), "2\\sqrt{3}").reason.value,
      check_answer(ask("\\sqrt{12}", "math"), "3\\sqrt{2}").reason.value, (matrix @ matrix).shape[0])
""")
    assert printed.split() == ["correct", "wrong", "600"]


def _gone(pid: int) -> bool:
    """Whether a process ends within ten seconds (a zombie that nobody reaps counts as ended)."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.1)
    return False
