"""Numbers as a reader wants them."""

from typing import Any

MINUS = "\u2212"
NONE = "\u2013"
"""Stands where there is no number."""


def count(value: float | None) -> str:
    """12345 as 12,345."""
    return NONE if value is None else f"{value:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """0.545 as 54.5%."""
    return NONE if share is None else f"{100 * share:.{digits}f}%"


def points(difference: float | None) -> str:
    """A difference of shares in percentage points, signed: 0.095 as +9.5."""
    if difference is None:
        return NONE
    shown = f"{100 * abs(difference):.1f}"
    sign = "" if shown == "0.0" else "+" if difference > 0 else MINUS
    return sign + shown


def signed(value: float) -> str:
    """A number with two digits and its sign: +0.35."""
    shown = f"{abs(value):.2f}"
    return shown if shown == "0.00" else ("+" if value > 0 else MINUS) + shown


def interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """An interval of shares, in percent or in signed percentage points."""
    if low is None or high is None:
        return ""
    if signed:
        return f"[{points(low)}, {points(high)}]"
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def seconds(value: float | None) -> str:
    """A length of time: 0.42 s, 8.1 s, 3 min 20 s, 2 h 5 min."""
    if value is None:
        return NONE
    if value < 99.5:
        return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(value: float) -> str:
    """Bytes in GiB or MiB."""
    return f"{value / 2**30:.2f} GiB" if value >= 2**30 else f"{value / 2**20:.1f} MiB"


def plain(value: Any) -> str:
    """A setting as text: 1.5e-05, true, a, b."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items()) or NONE
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value) or NONE
    return str(value)


def cut(text: str, length: int) -> str:
    """The beginning of a text."""
    return text if len(text) <= length else text[:length].rstrip() + "\u2026"


def spoken(names: list[str]) -> str:
    """a, b and c."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1] if names else "") if part)
