"""What the text of a mathematical answer says without being parsed: dress taken off, one spelling for one notation.

`math.py` lets at most 1,000 characters through to these functions.
"""

import re
import string
import unicodedata

TEXT_COMMAND = r"\\(?:text(?:bf|it|rm|normal|sf|tt|up)?|mbox|hbox|mathrm|mathbf|operatorname)"
"""What sets words in LaTeX."""
TEXT_GROUP = re.compile(TEXT_COMMAND + r"\s*\{([^{}]*)\}")
_DELIMITERS = re.compile(r"(?<!\\)\$|\\[()]|\\(?:left|right|displaystyle)(?![A-Za-z])|\\!\s*")
_DRESS = re.compile(r"[\\$~{]")  # without one of these there are no delimiters, sizes and thin spaces
_MARKDOWN = re.compile(r"\*\*(.*)\*\*|`(.*)`", re.DOTALL)
_THOUSANDS = re.compile(r"(?<=\d)(?:\\[,; ]|\{,\})(?=\d{3}(?!\d))")
_THIN_SPACES = re.compile(r"(\\\\)|\\[,;: ]|~")  # not the blank behind a line break
_LEAD = re.compile(rf"(?:{TEXT_COMMAND}\s*\{{\s*)?(?:so\s+)?(?:the\s+)?(?:final\s+|correct\s+)?answer(?:\s+is)?\s*:?"
                   r"\s*\}?\s*:?\s*(?=\S)|\\approx(?![A-Za-z])\s*|≈\s*"
                   r"|(?:about|approximately|approx\.|roughly)\s+(?=[-\d\\.])", re.IGNORECASE)
_RAISED = re.compile(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_RAISED_SIGNS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_SIGNS = str.maketrans({"−": "-", "–": "-", "‒": "-", "‐": "-", "‑": "-", "×": "\\times ", "·": "\\cdot ", "÷": "/"})
_PLUS_MINUS = re.compile(r"\+\s*-(?=\s*[\d\\A-Za-z])")
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_VULGAR = re.compile("[¼½¾⅐-⅞]")
_HEAVY = re.compile(r"\\(?:mathbf|boldsymbol|bm)\s*\{(.*[^A-Za-z].*)\}", re.DOTALL)
_EMPTY = re.compile(r"\\varnothing(?![A-Za-z])|∅|\\\{\s*\\\}")
_LOG = re.compile(r"\\log\s*_\s*(?:\{([^{}]*)\}|(\w))\s*(?:\{([^{}]*)\}|(\d+(?:\.\d+)?|[A-Za-z])(?![\w^.]))")
_BINOMIAL = re.compile(r"\\[dt]?binom\s*(\w)\s*(\w)")
_SCRIPT = re.compile(r"([_^])\{(\w)\}")
_LOOSE_BLANK = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_SPELLED = re.compile(TEXT_COMMAND + r"\s*\{[^{}]*\}|(?<![\\A-Za-z])(pi|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|"
                      r"log|ln|exp|theta|alpha|beta|infinity|infty)(?![A-Za-z])")
_ROOT = re.compile(r"(?:(?<![\\A-Za-z])sqrt|√)\s*(?:\(([^()]*)\)|\{([^{}]*)\}|(\d+|[A-Za-z]))|\\sqrt\s*\(([^()]*)\)")
_WHOLE = re.compile(r"(?<![\d.])(\d+)\.0+(?![\d.])")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_VALUE = re.compile(r"\s*-?\s*\d")
"""A number and its unit, all set as words: `\text{50 mph}`."""
_WORDS = re.compile(r"[A-Za-z]{4,}(?:[ -][A-Za-z]+)*|[A-Za-z]+(?: [A-Za-z]{2,})+")
_KNOWN_WORDS = {"e", "i", "pi", "sqrt", "sin", "cos", "tan", "log", "ln", "exp", "frac"}


def bare(text: str) -> str:
    """Without Markdown, math delimiters, sizing, thin spaces, "the answer is", "about" and a full stop at the end."""
    if (marked := _MARKDOWN.fullmatch(text.strip())) is not None:
        text = marked[1] or marked[2] or ""
    if _DRESS.search(text):
        text = _THOUSANDS.sub(",", _DELIMITERS.sub("", text))
        text = _THIN_SPACES.sub(lambda space: space[1] or " ", text)
    text = text.translate(_SIGNS).strip()
    if not text.isascii():
        text = _VULGAR.sub(_fraction, powers_in_line(text))
    if text.startswith("\\") and (heavy := _HEAVY.fullmatch(text)):
        text = heavy[1] if is_balanced(heavy[1]) else text
    while lead := _LEAD.match(text):
        text = text[lead.end():]
    text = text.removesuffix("\\\\").rstrip()
    if (group := TEXT_GROUP.fullmatch(text)) and (_VALUE.match(group[1]) or not re.search(r"[A-Za-z]", group[1])):
        text = group[1].strip()
    return text[:-1].rstrip() if text.endswith(".") and not text.endswith("..") else text


def _fraction(character: re.Match[str]) -> str:
    above, _, below = unicodedata.normalize("NFKC", character[0]).partition("⁄")
    return f"\\frac{{{above}}}{{{below}}}"


def key(text: str) -> str:
    """The text with spellings of one notation made the same: equal keys are the same answer."""
    if "\\" in text or "{" in text:
        text = _SCRIPT.sub(r"\1\2", _FRACTION.sub(r"\\frac", text))
    return _LOOSE_BLANK.sub("", text)


def spelled_out(text: str) -> str:
    """Plain text's "2*pi", "sqrt(3)", "x**2", "log_e", "+ -1" and "2.0x" as LaTeX."""
    text = _WHOLE.sub(r"\1", text)
    text = _BINOMIAL.sub(r"\\binom{\1}{\2}", _LOG.sub(_log_of, text))
    text = _PLUS_MINUS.sub("-", text.replace("**", "^").replace("*", "\\cdot ").replace("\\log_e", "\\ln"))
    text = _ROOT.sub(lambda root: f"\\sqrt{{{root[1] or root[2] or root[3] or root[4] or ''}}}", text)
    text = _EMPTY.sub(r"\\emptyset ", _SPELLED.sub(_as_command, text))
    return text.replace("∞", "\\infty ").replace("+\\infty", "\\infty")


def _log_of(log: re.Match[str]) -> str:
    """`\\log_2 3` with its base and argument in brackets: math-verify's reader multiplies "2 3"."""
    return f"\\log_{{{log[1] or log[2]}}}({log[3] or log[4]})"


def _as_command(word: re.Match[str]) -> str:
    if word[1] is None:  # words in a text command are words
        return word[0]
    return "\\infty " if word[1] == "infinity" else f"\\{word[1]} "


def powers_in_line(text: str) -> str:
    """Raised digits as LaTeX has them: "10⁻⁶" is "10^{-6}"."""
    return _RAISED.sub(lambda power: f"^{{{power[0].translate(_RAISED_SIGNS)}}}", text)


def is_balanced(text: str) -> bool:
    """Whether braces close in order, escaped ones aside."""
    depth = 0
    for token in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth < 0:
            return False
    return depth == 0


def text_groups(text: str) -> list[str]:
    """Contents of `\\text{}` and its like."""
    return [group.strip() for group in TEXT_GROUP.findall(text)]


def symbols(text: str) -> set[str]:
    """Bare words and letters: variables, or words of prose; known functions and constants are none."""
    return set(re.findall(r"[A-Za-z]+", _COMMAND.sub(" ", text))) - _KNOWN_WORDS


def told_apart(gold: str, given: str) -> tuple[str, str]:
    """Both with another letter for each capital whose small letter stands in them too: math-verify reads "M" as "m"."""
    bare_letters = set(re.findall(r"[A-Za-z]", _COMMAND.sub(" ", gold + " " + given)))
    spare = [letter for letter in string.ascii_lowercase if letter not in bare_letters and letter not in "dei"]
    both = [letter for letter in sorted(bare_letters) if letter.isupper() and letter.lower() in bare_letters]
    other = dict(zip(both, spare, strict=False))
    if not other:
        return gold, given
    letters = re.compile(rf"(\\[A-Za-z]+)|[{''.join(both)}]")
    one, two = (letters.sub(lambda match: match[1] or other.get(match[0], match[0]), text) for text in (gold, given))
    return one, two


def as_words(text: str) -> str | None:
    """The words, where the whole text is words (`\\text{east}`, `ellipse`, `\\text{(C)}`); None where it is not."""
    if group := TEXT_GROUP.fullmatch(text.strip()):
        return group[1].strip() if re.search(r"[A-Za-z]", group[1]) else None
    return text.strip() if _WORDS.fullmatch(text.strip()) else None
