"""A page as a list of blocks: runs of text between the tags that begin a new line, with what stands around them.

The parser is lexbor (selectolax), which builds the tree that a browser would. The walk keeps its own stack, and a block
knows its container by number, so time and memory grow with the page, however it is nested.
"""

from dataclasses import dataclass
from typing import Any

from crossthink.dataflow.page import formulas
from crossthink.dataflow.page.marks import HEADINGS, MARKS, element_marks

DROPPED = ("style", "template", "svg", "iframe", "object", "embed", "canvas", "audio", "video", "map", "select",
           "datalist", "textarea", "input", "rp", "rt")
"""Elements without text for a reader."""
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "li", "main",
    "menu", "nav", "noscript", "ol", "p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul", *HEADINGS))
_LAYOUT = "table, h1, h2, h3, article, section, form"
_CELL_WORDS = 40
"""A table whose cells have more words on average is no table of data but a way to place things."""
_PRE, _BUTTON, _NOSCRIPT = MARKS["pre"], MARKS["button"], MARKS["noscript"]


@dataclass(slots=True)
class Block:
    """A run of text."""

    text: str
    """Lines (<br>, <pre>) without blanks around them."""
    tag: str
    """Of the innermost element that begins a new line."""
    marks: int
    """Of all elements around the text, as bits (see marks.py)."""
    own: int
    """Of the innermost one."""
    container: int
    """Number of the innermost element, in the order of the page."""
    words: int
    link_words: int
    """Words inside links and buttons."""


@dataclass(slots=True)
class Blocks:
    """The blocks of a page, and the containers' parents: `parents[number] < number`, 0 is the body."""

    blocks: list[Block]
    parents: list[int]


@dataclass(slots=True)
class _Place:
    """What surrounds the text at some place of the walk."""

    tag: str
    marks: int
    own: int
    container: int
    in_link: bool
    in_data: bool
    """In a table whose rows are read as rows."""
    in_row: bool
    """In such a row."""


def read_blocks(tree: Any) -> Blocks:
    """The blocks of a parsed page (selectolax.lexbor.LexborHTMLParser), which loses its DROPPED elements."""
    tree.strip_tags(list(DROPPED))
    walk = _Walk()
    root = tree.body or tree.root
    if root is not None:
        walk.run(root)
    return Blocks(_without_noscript(walk.blocks), walk.parents)


def _without_noscript(blocks: list[Block]) -> list[Block]:
    """Some forums have their text in <noscript> for crawlers: it stays where it is most of the page, else it goes."""
    inside = sum(block.words - block.link_words for block in blocks if block.marks & _NOSCRIPT)
    whole = sum(block.words - block.link_words for block in blocks)
    return [block for block in blocks if bool(block.marks & _NOSCRIPT) == (2 * inside > whole)] if inside else \
        [block for block in blocks if not block.marks & _NOSCRIPT]


class _Walk:
    """A walk over the tree in its order, with a stack of its own in place of recursion."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.parents = [0]
        self._place = _Place("body", 0, 0, 0, False, False, False)
        self._pieces: list[str] = []
        self._link_words = 0
        self._after_index = False
        self._stack: list[Any] = []

    def run(self, root: Any) -> None:
        """Read everything below `root`."""
        self._push(root)
        while self._stack:
            node = self._stack.pop()
            if isinstance(node, _Place):  # the end of an element
                if node.container != self._place.container:
                    self._end_block()
                self._place = node
            else:
                self._read(node)
        self._end_block()

    def _read(self, node: Any) -> None:
        tag = node.tag
        if tag == "-text":
            self._text(node.text_content or "")
        elif tag == "br":
            self._pieces.append(" " if self._place.in_row else "\n")
        elif tag == "script":
            self._pieces.append(formulas.math_script(node))
        elif tag == "math":
            self._pieces.append(formulas.math_element(node))
        elif tag == "mjx-container":  # MathJax 3: nothing but its MathML for readers aloud says what was drawn
            self._pieces += [formulas.math_element(math) for math in node.css("math")[:1]]
        elif tag == "img":
            self._pieces.append(formulas.formula_image(node))
        elif tag in ("sup", "sub"):
            self._index(tag, node)
        elif tag[0] not in "-_!":
            self._element(tag, node)

    def _text(self, text: str) -> None:
        if not self._place.marks & _PRE:
            text = text.replace("\n", " ").replace("\r", " ")
        if self._after_index:
            text = f" {text}" if text[:1].isalnum() else text
            self._after_index = False
        self._pieces.append(text)
        if self._place.in_link:
            self._link_words += len(text.split())

    def _index(self, tag: str, node: Any) -> None:
        if "reference" in (node.attributes.get("class") or ""):
            return
        text, before = formulas.index_text(node), self._pieces[-1].rstrip() if self._pieces else ""
        slash = node.next
        is_numerator = (tag == "sup" and slash is not None and (slash.text_content or "").strip() in ("/", "⁄")
                        and slash.next is not None and slash.next.tag == "sub")
        line = "".join(piece[-24:] for piece in self._pieces[-3:]).rstrip()
        found = formulas.numerator(text, before) if is_numerator else formulas.index(tag, text, before, line)
        self._pieces.append(found)
        self._after_index = not is_numerator and found[:1] in ("^", "_")

    def _element(self, tag: str, node: Any) -> None:
        attributes = node.attributes
        style = attributes.get("class")
        if style and ("ath" in style or "atex" in style) and not formulas.RENDERED.isdisjoint(style.split()):
            return
        place = self._place
        own = element_marks(tag, attributes, place.marks)
        if tag in _BLOCKS and not place.in_row:
            self._end_block()
            if node.first_child is None:
                return
            self._stack.append(place)
            self.parents.append(place.container)
            self._place = _Place(tag, place.marks | own, own, len(self.parents) - 1,
                                 place.in_link, _holds_data(node) if tag == "table" else place.in_data,
                                 tag == "tr" and place.in_data)
        elif place.in_row and tag in ("td", "th"):
            self._pieces.append(" | " if _follows_cell(node) else "")
        elif tag in ("a", "button") or own & _BUTTON:
            if self._pieces and self._pieces[-1] and not self._pieces[-1][-1].isspace() and _ends_link(node.prev):
                self._pieces.append(" ")  # a style sheet holds them apart
            self._stack.append(place)
            self._place = _Place(place.tag, place.marks, place.own, place.container, True, place.in_data,
                                 place.in_row)
        elif place.in_row and tag in _BLOCKS:
            self._pieces.append(" ")
        self._push(node)

    def _push(self, node: Any) -> None:
        children, child = [], node.first_child
        while child is not None:
            children.append(child)
            child = child.next
        children.reverse()
        self._stack += children

    def _end_block(self) -> None:
        if not self._pieces:
            return
        place, whole = self._place, "".join(self._pieces)
        lines = (" ".join(line.split()) for line in whole.split("\n"))
        text = "\n".join(line for line in lines if line)
        if place.in_row:
            text = text.rstrip(" |")  # an empty first cell stays: without it a head's cells would stand over others
        self._pieces.clear()
        self._after_index = False
        if text:
            words = len(text.split())
            self.blocks.append(Block(text, place.tag, place.marks, place.own, place.container, words,
                                     min(self._link_words, words)))
        self._link_words = 0


def _ends_link(before: Any) -> bool:
    return before is not None and before.tag in ("a", "button")


def _follows_cell(node: Any) -> bool:
    before = node.prev
    while before is not None and before.tag not in ("td", "th"):
        before = before.prev
    return before is not None


def _holds_data(table: Any) -> bool:
    """Whether a table's rows are to be read as rows."""
    if table.attributes.get("role") in ("presentation", "none"):
        return False
    if any(found.mem_id != table.mem_id for found in table.css(_LAYOUT)):
        return False
    cells = len(table.css("td, th"))
    return cells > 1 and len(table.text(separator=" ").split()) <= _CELL_WORDS * cells
