"""Personal data masked: mail addresses, telephone numbers and public IP addresses become placeholders.

The placeholders are the same on every page and plain to see, so that no question can ask for what they stand for;
datatrove writes an address of its own instead, which a model may learn as a fact. What is masked must have a clear
form: a number is a telephone number by its country code, by a word such as "phone" before it, or in the North American
form; an IP address is public, and neither a version nor the number of a section. Reserved ones (192.168.0.1,
user@example.com) are nobody's and stay.
"""

import ipaddress
import re
from dataclasses import replace

from crossthink.dataflow.records import Document
from crossthink.dataflow.stages.stage import StageResult, keep

MAIL, PHONE, IP = "[EMAIL]", "[PHONE]", "[IP]"
_PLACEHOLDER = re.compile("|".join(map(re.escape, (MAIL, PHONE, IP))))
_AT = re.compile(r"@|[\[({]\s?at\s?[\])}]", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+%/-])[\w.+%-][\w.+%'’-]{0,63}(?:@|\s?[\[({]\s?at\s?[\])}]\s?)"
                   r"((?:[\w-]{1,63}(?:\.|\s?[\[({]\s?dot\s?[\])}]\s?)){1,5}(?:xn--[\w-]{2,59}|[^\W\d_]{2,24}))"
                   r"(?![\w@])", re.IGNORECASE)
_RESERVED_MAIL = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org|edu)|example|test|invalid|localhost)$", re.IGNORECASE)
# A pattern that begins with a literal or a set of characters is searched many times as fast as one that begins with a
# look behind or a word: so what must not stand before is asked behind the first character, and a number is looked for
# before the word that it must follow.
_INTERNATIONAL = re.compile(r"(?:\+(?<![\w+.^*/=)]\+)|00(?<![\w+.^*/=)]00)(?=[1-9]\d?[ -]))"
                            r"[1-9][\d(). /–-]{6,40}\d(?![\w%])")
_COUNTRY = re.compile(r"(?:\+|00)(?:1(?!\d\d?\D)\D*[2-9](?:\D*\d){9}(?!\d)|7\D*[3-9]"
                      r"|2(?:[07]|1[12368]|[2-6]\d|9[01789])|3(?:[0-469]|[578]\d)|4(?:[013-9]|2[013])"
                      r"|5(?:[1-8]|[09]\d)|6(?:[0-6]|[789]\d)|8(?:[1246]|[0578]\d)|9(?:[0-58]|[679]\d))(?! 000(?!\d))")
"""A country's code (E.164); in North America ten digits follow it. No number begins with 000: that is a thousand."""
_NUMBER = re.compile(r"[+\d(](?<!\d\d)(?:(?<=\+)[\d(]|(?<!\+))[\d(). /–-]{5,40}\d(?![\w%])")
_APART = re.compile(r"( [/–-] )")
_DATE = re.compile(r"(?:19|20)\d\d[/.–-](?:\d\d[/.–-]\d\d|(?:19|20)?\d\d)(?!\d)")
_CALLED = re.compile(r"\b(?:tel|telephone|phone|mobile|cell|fax|whatsapp|hotline|call(?: us)?(?: now)?(?: (?:at|on))?"
                     r"|telefon|telefax|tél|téléphone|tel[eé]fono)"
                     r"(?: (?:number|no\.?|#))?(?:\s?\.?\s?:\s?|\s?\.\s?|\s)\Z", re.IGNORECASE)
_LONGEST_CALL = len("x call us now on number : ")
_AMERICAN_END = re.compile(r"[).-]\s?[2-9]\d\d[ .-]\d{4}(?![\w-])")
_AMERICAN = re.compile(r"(?<![\w+.(-])(?:\+?1[ .-]?)?(?:(?:\([2-9]\d\d\)\s?|[2-9]\d\d-)[2-9]\d\d[ .-]\d{4}"
                       r"|[2-9]\d\d\.[2-9]\d\d\.\d{4}(?!\.\d))(?![\w-])")
_IP4 = re.compile(r"\d(?<![\w.-]\d)(?<![^/]/\d)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}(?![\w-]|\.\d)")
_IP6 = re.compile(r"[23](?<![\w:.][23])[0-9a-fA-F]{3}(?::{1,2}[0-9a-fA-F]{1,4}){1,7}(?:::)?(?!\w|:\w)")
_SPEAKS_OF_IP = re.compile(r"\b(?:ip|ips|ipv4|address|server|host|dns|ping|gateway|from)\b[^.\n]{0,20}$", re.IGNORECASE)
_SPEAKS_OF_VERSION = re.compile(r"(?:\bv|version|release|build|firmware|driver|chrome|section|chapter|§|table|figure)"
                                r"[\s:=]{0,3}$", re.IGNORECASE)
_MOST = 15
"""Digits of a telephone number, the country's among them (E.164)."""
_SMALL = 20
"""Four numbers of which the first is up to this are a version or a section, unless the text speaks of an address."""


def mask(document: Document) -> StageResult:
    """The document with placeholders in place of personal data; passages cut from it keep true spans."""
    return keep(replace(document, title=masked(document.title), text=masked(document.text)))


def masked(text: str) -> str:
    """A text with its personal data masked."""
    if _AT.search(text):
        text = _MAIL.sub(_mail, text)
    text = _INTERNATIONAL.sub(lambda found: _numbers(found[0], 8) if _is_abroad(found[0]) else found[0], text)
    text = _NUMBER.sub(lambda found: _numbers(found[0], 7) if _is_called(found) else found[0], text)
    if _AMERICAN_END.search(text):
        text = _AMERICAN.sub(PHONE, text)
    return _IP6.sub(_ip, _IP4.sub(_ip, text))


def count(text: str) -> int:
    """How many placeholders a text holds."""
    return len(_PLACEHOLDER.findall(text))


def _mail(found: re.Match[str]) -> str:
    domain = re.sub(r"\s?[\[(]\s?dot\s?[\])]\s?", ".", found[1])
    return found[0] if _RESERVED_MAIL.search(domain) else MAIL


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _numbers(run: str, least: int) -> str:
    """A run of digits and signs with its telephone numbers masked, those of `least` to 15 digits: itself, or where it
    is longer those that a dash or slash between blanks holds apart."""
    parts = [run] if _digits(run) <= _MOST else _APART.split(run)
    return "".join(PHONE if least <= _digits(part) <= _MOST else part for part in parts)


def _is_called(number: re.Match[str]) -> bool:
    """Whether a word such as "phone" stands before a number that is no date."""
    start = number.start()
    return (_CALLED.search(number.string, max(0, start - _LONGEST_CALL), start) is not None
            and not _DATE.match(number[0]))


def _is_abroad(number: str) -> bool:
    """Whether a number with a plus begins with a country's code and is written as people write telephone numbers: in
    groups, or with all its digits."""
    return _COUNTRY.match(number) is not None and (_digits(number) >= 11 or len(re.findall(r"\d+", number)) >= 2)


def _ip(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    before = found.string[max(0, found.start() - 40):found.start()]
    if not address.is_global or address.is_multicast or _SPEAKS_OF_VERSION.search(before):
        return found[0]
    if address.version == 4 and not _SPEAKS_OF_IP.search(before):
        if int(found[0].split(".")[0]) <= _SMALL or before.endswith(":"):
            return found[0]
        if (not before or before.endswith("\n")) and re.match(r"\s[A-Z]", found.string[found.end():found.end() + 2]):
            return found[0]
    return IP
