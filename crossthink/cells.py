"""Cells: what curves and evaluations count apart, by group x format and by domain x format. Layer 2: no torch."""

from typing import Protocol

GROUPS = ("gpr", "math")


class Answered(Protocol):
    """What a rollout and a response of an evaluation have in common here."""

    @property
    def domain(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def template(self) -> str: ...


def cell_names(record: Answered) -> list[str]:
    """"group/template" and "domain/template".

    A domain with a group's name has no cell of its own: one name, one set.
    """
    names = [f"{record.group}/{record.template}"]
    if record.domain and record.domain not in GROUPS:
        names.append(f"{record.domain}/{record.template}")
    return names
