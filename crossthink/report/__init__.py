"""The report: one self-contained HTML page of a run, from crawl to held-out answers."""

from crossthink.report.page import write_report

__all__ = ["write_report"]
