"""CrossThink: from a web crawl to a better reasoning model (Nemotron-CrossThink, arXiv 2504.13941)."""

__version__ = "0.1.0"
