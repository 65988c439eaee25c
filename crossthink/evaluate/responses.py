"""One row a response: what was asked, what came back, how it was judged. Kept as it finishes, at the end in Arrow.

An unfinished evaluation holds `responses.jsonl`, one line a finished response. A kill tears at most its last line,
which the next run drops. A finished one holds `responses.arrow`, in the order of the questions.
"""

import fcntl
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crossthink.arrow import from_row, to_row
from crossthink.engine import Completion
from crossthink.schema import Question, Reason, Verdict
from crossthink.verify import grade, second_opinions
from crossthink.verify.format import Think
from crossthink.verify.judge import Judge


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One judged answer to one question."""

    question_id: str
    sample: int
    """Number of the answer to this question, from 0."""
    question: str
    options: tuple[str, ...]
    gold: str
    answer_label: str
    """The gold's letter for multiple choice, else ""."""
    text: str
    """What the model wrote."""
    tokens: int
    """Length of the completion, with the end-of-sequence token where the model ended by itself."""
    correct: bool
    formatted: bool
    answer: str
    reason: str
    finish_reason: str
    domain: str
    template: str
    group: str
    source: str

    @property
    def right(self) -> bool:
        """Whether the response counts: correct and formatted, the same as the reward."""
        return self.correct and self.formatted

    @property
    def key(self) -> tuple[str, int]:
        """What names the response in its evaluation."""
        return self.question_id, self.sample


def judged(question: Question, sample: int, completion: Completion, think: Think = "tags") -> Response:
    """The response that a completion is, graded by the house's verifier; `think` is the variant of the format."""
    verdict = grade(question, completion.text, think=think)
    return Response(
        question_id=question.id, sample=sample, question=question.question, options=question.options,
        gold=question.answer, answer_label=question.answer_label, text=completion.text,
        tokens=len(completion.token_ids), correct=verdict.correct, formatted=verdict.formatted, answer=verdict.answer,
        reason=verdict.reason.value, finish_reason=completion.finish_reason, domain=question.domain,
        template=question.template, group=question.group, source=question.source)


def judged_again(questions: Sequence[Question], responses: Sequence[Response], judge: Judge) -> list[Response]:
    """The responses, one to each question, after the judge was asked about short free text that the rules turned down.

    All of it goes to the judge at once.
    """
    verdicts = [Verdict(correct=response.correct, formatted=response.formatted, answer=response.answer,
                        reason=Reason(response.reason)) for response in responses]
    return [replace(response, correct=verdict.correct, reason=verdict.reason.value)
            for response, verdict in zip(responses, second_opinions(questions, verdicts, judge), strict=True)]


class ResponseLog:
    """The responses of an unfinished evaluation, on disk as they finish. Close it, or use it as a context manager.

    `responses` are those that stand there, by key; `right` of them count, and they took `seconds` over all runs so far.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises ValueError where another process writes it, or a whole line is no response."""
        self.responses: dict[tuple[str, int], Response] = {}
        self.right, self.seconds = 0, 0.0
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read(path)
        except BlockingIOError as error:
            self._file.close()
            raise ValueError(f"{path.parent}: another evaluation is writing here: wait for it, or choose another "
                             "--output") from error
        except ValueError:
            self._file.close()
            raise

    def _read(self, path: Path) -> None:
        self._file.seek(0)
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        for number, line in enumerate(data[:whole].splitlines(), 1):
            try:
                row = json.loads(line)
                self._take(from_row(Response, row["response"]), row["seconds"])
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: no response ({error!r}): remove the folder, or choose "
                                 "another --output") from error
        self._file.truncate(whole)

    def add(self, response: Response, seconds: float) -> None:
        """Keep a response that has finished, `seconds` after the one before it."""
        row = {"response": to_row(response), "seconds": seconds}
        self._file.write(json.dumps(row).encode() + b"\n")
        self._file.flush()  # what the system holds outlives a killed process
        self._take(response, seconds)

    def _take(self, response: Response, seconds: float) -> None:
        self.responses[response.key] = response
        self.right += response.right
        self.seconds += seconds

    def close(self) -> None:
        """Give the file free."""
        self._file.close()

    def __enter__(self) -> "ResponseLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
