"""The text core's rules again, slow and clear, from Python's own Unicode and exact integers: the tests' truth."""

import re
from math import log2

from crossthink.schema import canonical_text

# Thai and Lao, Burmese, Khmer, ideographs, kana, and these again where Unicode later put more of them
UNSPACED = (r"\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff"
            r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001aff0-\U0001afff\U0001b000-\U0001b16f\U0001d372-\U0001d376"
            r"\U00020000-\U0003ffff")
THOUSANDS = r"[1-9][0-9]{0,2}+(?:(?:,|\{,\}|,\\!)[0-9]{3})++(?:\.\d+)?+(?![.,]?\d)"
TOKEN = re.compile(rf"(?P<thousands>{THOUSANDS})|\d+(?:[.,]\d+)*|(?=\w)[{UNSPACED}]|(?:(?![{UNSPACED}])\w|\d)+|"
                   r"[+\-*/=<>^%×÷·±√≤≥≠∞]")
FACTOR, MASK = 0x9E3779B97F4A7C13, 2**64 - 1
FUNCTIONS, ROWS, BANDS, SHINGLE = 112, 8, 14, 5


def words(text: str) -> list[str]:
    """Numbers, words and operators of the canonical text."""
    found = TOKEN.finditer(canonical_text(text).replace("−", "-").replace("–", "-"))
    return [re.sub(r"[,{}\\!]", "", one[0]) if one["thousands"] else one[0] for one in found]


def mix(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def word_hash(word: str) -> int:
    """Little-endian blocks of eight bytes, each mixed in; the length first."""
    data = word.encode()
    value = len(data) * FACTOR & MASK
    for start in range(0, len(data), 8):
        value = mix(value ^ int.from_bytes(data[start:start + 8], "little"))
    return value


def run_hash(run: list[str]) -> int:
    """A polynomial in FACTOR, mixed."""
    total = 0
    for word in run:
        total = (total * FACTOR + word_hash(word)) & MASK
    return mix(total)


def runs(found: list[str], size: int) -> list[tuple[str, ...]]:
    """All runs of `size` words; a shorter list is one run, an empty one none."""
    if not found:
        return []
    size = min(size, len(found))
    return [tuple(found[i:i + size]) for i in range(len(found) - size + 1)]


def shingles(text: str, size: int) -> list[int]:
    return sorted({run_hash(list(run)) for run in runs(words(text), size)})


def signature(text: str) -> list[int]:
    """The smallest value of each of the 112 functions over the upper halves of the shingles' hashes."""
    counter, smallest = 20250418, []
    values = [value >> 32 for value in shingles(text, SHINGLE)]
    for _ in range(FUNCTIONS):
        factor, offset = mix(counter + 1) % 2**32 | 1, mix(counter + 2) % 2**32
        counter += 2
        smallest.append(min(((factor * value + offset) % 2**32 for value in values), default=2**32 - 1))
    return smallest


def band_keys(smallest: list[int]) -> list[int]:
    keys = []
    for band in range(BANDS):
        key = band
        for value in smallest[band * ROWS:(band + 1) * ROWS]:
            key = mix(key ^ value)
        keys.append(key)
    return keys


class Questions:
    """QuestionIndex over strings, every question compared with every text."""

    RUN, COMMON, MAX_BITS, FEW_BITS, MAX_WANTED = 3, 16, 12, 60, 12

    def __init__(self, questions: list[list[str]]) -> None:
        self.parts = [[words(part) for part in question] for question in questions]
        held = [{word for part in parts for word in part} for parts in self.parts]
        count = len(questions)
        self.bits = {}
        for word in set().union(*held):
            others = sum(word in one for one in held) - 1
            # floor(log2(x)) + 1 of the whole number x = (count + 8) / (others + 1/128)
            inverse = (count + 8) * 128 // (others * 128 + 1)
            self.bits[word] = min(max(int(log2(inverse)) + 1 if inverse else 0, 1), self.MAX_BITS)
        sown = [{run for part in (parts if self.total(parts[0]) < self.FEW_BITS else parts[:1]) if len(part) >= self.RUN
                 for run in runs(part, self.RUN)} for parts in self.parts]
        self.seeds = [{run for run in own if sum(run in other for other in sown) <= self.COMMON} for own in sown]

    def total(self, part: list[str]) -> int:
        return sum(self.bits[word] for word in part)

    def find(self, texts: list[str]) -> list[tuple[int, ...]]:
        return [match for number, text in enumerate(texts) for question in range(len(self.parts))
                if (match := self.compare(number, words(text), question))]

    def compare(self, number: int, text: list[str], question: int) -> tuple[int, ...] | None:
        parts, seeds = self.parts[question], self.seeds[question]
        places = [(i, run) for i, run in starts(text, self.RUN) if run in seeds]
        size = sum(map(len, parts))
        sown = size if self.total(parts[0]) < self.FEW_BITS else len(parts[0])
        found = crowd(places, sown + sown // 4 + 4)
        if len(found) < min(max(len(seeds) * 3 // 10, 1), self.MAX_WANTED):
            return None
        near, wide = ((max(found[0] - room, 0), min(found[-1] + self.RUN + room, len(text))) for room in (sown, size))
        bits, held, longest, number_bits, numbers_held = self.held(parts[0], text, *near)
        options = [self.held(part, text, *wide) for part in parts[1:]]
        if 2 * held < bits:
            return None
        return (number, question, found[0], len(parts[0]), bits, held, longest, number_bits, numbers_held,
                sum(option[0] for option in options), sum(option[1] for option in options))

    def held(self, part: list[str], text: list[str], begin: int, end: int) -> tuple[int, int, int, int, int]:
        size = min(len(part), self.RUN)
        own = set(runs(part, size)) if part else set()
        inside = [(i, run) for i, run in starts(text, size) if begin <= i <= end - size]
        stretch = crowd([(i, run) for i, run in inside if run in own], len(part) + len(part) // 4 + 4)
        there = [(i, run) for i, run in inside if stretch and stretch[0] <= i <= stretch[-1]]
        places: dict[int, int] = {}  # of words of the part in the text
        chain, last = [], -1
        for w, run in starts(part, size):
            if same := [i for i, other in there if other == run]:
                last = next((i for i in same if i > last), same[0])
                chain.append(w)
                places.update({w + k: last + k for k in range(size)})
        numbers = {i for i, word in enumerate(part) if word[0].isdecimal()}
        longest = 0
        for i in chain:  # how far a chain of overlapping runs reaches from here
            end = i + size
            for following in chain:
                if i < following < end:
                    end = following + size
            longest = max(longest, end - i)
        for backwards in (False, True):
            for w in sorted(numbers - set(places), reverse=backwards):
                beside = [v for v in places if (v > w) is backwards]
                nearest = (min if backwards else max)(beside, default=None)
                place = -1 if nearest is None else places[nearest] + w - nearest
                if 0 <= place < len(text) and text[place] == part[w]:
                    places[w] = place
        return (self.total(part), self.sum(part, set(places)), longest, self.sum(part, numbers),
                self.sum(part, numbers & set(places)))

    def sum(self, part: list[str], places: set[int]) -> int:
        return sum(self.bits[part[place]] for place in places)


def starts(text: list[str], size: int) -> list[tuple[int, tuple[str, ...]]]:
    """Each place at which a run of `size` words starts, with the run."""
    return [(i, tuple(text[i:i + size])) for i in range(len(text) - size + 1)] if size else []


def crowd(places: list[tuple[int, tuple[str, ...]]], width: int) -> list[int]:
    """The places within `width` with the most different runs, the first of several, without repeats at its start."""
    most: list[tuple[int, tuple[str, ...]]] = []
    for last, _ in places:
        within = [(place, run) for place, run in places if last - width < place <= last]
        if len({run for _, run in within}) > len({run for _, run in most}):
            most = within
    while most and most[0][1] in [run for _, run in most[1:]]:
        most = most[1:]
    return [place for place, _ in most]
