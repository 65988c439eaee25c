"""The stages of a job in their order, what each gave, and the funnel that must add up."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import apache_beam as beam
from crossthink.dataflow.parts import Parts
from crossthink.dataflow.stages.stage import JobError, Outputs, StageName

Count = tuple[tuple[str, str, str], int]
"""((stage, kind, reason), how many)."""


class Flow(NamedTuple):
    """Records on their way, and the stages that they come from (none: read from files)."""

    records: Any
    stages: tuple[str, ...] = ()


class Line:
    """Collects what the stages of a pipeline give beside the records: rejects, failures, counts, and the
    parts that they store."""

    def __init__(self) -> None:
        self.stages: list[StageName] = []
        self.rejected: list[Any] = []
        self.failed: list[Any] = []
        self.counts: list[Any] = []
        self.parts: list[Parts] = []

    def apply(self, stage: Any, flow: Flow) -> Flow:
        """Send the flow through a stage, or a transform made of several."""
        outputs: Outputs = flow.records | stage
        known = [StageName(name, fed_by or flow.stages) for name, fed_by in outputs.stages]
        self.stages += known
        self.rejected.append(outputs.rejected)
        self.failed.append(outputs.failed)
        self.counts.append(outputs.counts)
        inner = {name for stage in known for name in stage.fed_by}
        return Flow(outputs.kept, tuple(stage.name for stage in known if stage.name not in inner))


def join(label: str, *flows: Flow) -> Flow:
    """Several flows as one."""
    if len(flows) == 1:
        return flows[0]
    records = tuple(flow.records for flow in flows) | label >> beam.Flatten()
    return Flow(records, tuple(name for flow in flows for name in flow.stages))


def funnel_rows(counts: Iterable[Count], stages: list[StageName]) -> list[dict[str, Any]]:
    """One row a stage, in the order of the work: in, kept, rejected and failed by reason, out, out by domain, and the
    stages whose output it read."""
    rows: dict[str, dict[str, Any]] = {
        stage.name: {"stage": stage.name, "fed_by": list(stage.fed_by), "in": 0,
                     "kept": 0, "rejected": {}, "failed": {}, "out": 0, "by_domain": {}}
        for stage in stages}
    for (stage, kind, reason), number in sorted(counts):
        row = rows[stage]
        if kind in ("rejected", "failed"):
            row[kind][reason] = number
        else:
            row[kind] += number
        if kind == "out" and reason:
            row["by_domain"][reason] = number
    return [{key: value for key, value in row.items() if key not in ("by_domain", "fed_by") or value}
            for row in rows.values()]


def check_funnel(rows: list[dict[str, Any]], stages: list[StageName]) -> None:
    """Raise JobError where a stage lost or doubled a record, by itself or on the way from the stage before."""
    out = {row["stage"]: row["out"] for row in rows}
    for row, stage in zip(rows, stages, strict=True):
        rejected, failed = sum(row["rejected"].values()), sum(row["failed"].values())
        if row["in"] != row["kept"] + rejected + failed:
            raise JobError(f"stage {stage.name}: {row['in']} in, but {row['kept']} kept + {rejected} rejected + "
                           f"{failed} failed = {row['kept'] + rejected + failed}: records were lost or doubled")
        fed = sum(out[name] for name in stage.fed_by)
        if stage.fed_by and row["in"] != fed:
            raise JobError(f"stage {stage.name}: {row['in']} in, but {' + '.join(stage.fed_by)} gave {fed}: "
                           "records were lost or doubled")
