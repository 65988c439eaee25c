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
_WORD = re.compile(r"[a-z-]+")


def opted_out(meta: dict[str, str], robots: str, reservation: str) -> str:
    """What the page opts out by, as `robots: noai`; "" where it does not.

    `meta` are its meta tags by name in lower case, `robots` the values of X-Robots-Tag, one a line, and `reservation`
    that of the header tdm-reservation.
    """
    for name, content in meta.items():
        if name in ADDRESSED and (found := _directive(content)):
            return f"meta {name}: {found}"
    for line in robots.lower().split("\n"):
        name, separator, content = line.partition(":")
        if separator and _WORD.fullmatch(name.strip()):  # "gptbot: noindex"
            if name.strip() not in ADDRESSED:
                continue
            line = content
        if found := _directive(line):
            return f"X-Robots-Tag: {found}"
    for value, where in ((meta.get(RESERVATION, ""), "meta"), (reservation, "header")):
        if value.strip() == "1":
            return f"{where} {RESERVATION}: 1"
    return ""


def _directive(content: str) -> str:
    """The first directive of a list that opts out."""
    return next((word for part in content.lower().split(",") if (word := part.strip()) in DIRECTIVES), "")
