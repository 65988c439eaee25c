"""Whether a page asks not to be used: robots directives in its meta tags and its HTTP header, and TDM reservation.

Read are the directives for every robot and for those that gather text for models. Of these a page of text opts out by
`noai` and `noml` (no training), `noindex` and `none` (in no index; a training set is made from one) and `noarchive` (no
copy is kept; Bing's and Amazon's crawlers, which say what it means for training, leave such pages out). `noimageai`
speaks of pictures, and there are none here; `nofollow` of other pages. TDM reservation is the W3C group's protocol: the
header or meta tag `tdm-reservation` with the value 1.
"""

import re

ADDRESSED = frozenset(("robots", "ccbot", "gptbot", "google-extended", "anthropic-ai", "claudebot", "applebot-extended",
                       "bytespider", "meta-externalagent", "amazonbot", "cohere-ai", "ai2bot", "diffbot", "omgili"))
"""Names of meta tags and robots that are read, in lower case."""
DIRECTIVES = frozenset(("noai", "noml", "noindex", "none", "noarchive"))
RESERVATION = "tdm-reservation"
_AGENT = re.compile(r"\s*(?=[\d-]*[a-z_*])([a-z0-9_*-]+)\s*:")
"""A robot's name has a letter: "15:" is the hour of a date before it."""
_SEPARATOR = re.compile(r"[,;\s]+")
_VALUED = re.compile(r"\b(?:max-[a-z-]+|unavailable_after)\s*:\s*[^\s,;]*")
"""Directives with a value: no robot is named "max-snippet", and "max-image-preview: none" is not "none"."""


def opted_out(meta: dict[str, str], robots: str, reservation: str) -> str:
    """What the page opts out by, as `robots: noai`; "" where it does not.

    `meta` are its meta tags by name in lower case, `robots` the values of X-Robots-Tag, one a line, and `reservation`
    that of the header tdm-reservation.
    """
    for name, content in meta.items():
        if name in ADDRESSED and (found := _directive(content)):
            return f"meta {name}: {found}"
    for line in robots.lower().split("\n"):
        if found := _directive(_addressed(line)):
            return f"X-Robots-Tag: {found}"
    for value, where in ((meta.get(RESERVATION, ""), "meta"), (reservation, "header")):
        if value.strip() == "1":
            return f"{where} {RESERVATION}: 1"
    return ""


def _addressed(line: str) -> str:
    """Of the directives of an X-Robots-Tag, those that speak to us: "gptbot: noai, bingbot: noindex" has one. What
    stands before the first robot's name speaks to every robot."""
    parts, is_read = [], True
    for part in _VALUED.sub("", line).split(","):
        if agent := _AGENT.match(part):
            is_read, part = agent[1] in ADDRESSED or agent[1] == "*", part[agent.end():]
        if is_read:
            parts.append(part)
    return ",".join(parts)


def _directive(content: str) -> str:
    """The first directive of a list that opts out; some pages put blanks or semicolons between them."""
    words = _SEPARATOR.split(_VALUED.sub("", content.lower()))
    return next((word for word in words if word in DIRECTIVES), "")
