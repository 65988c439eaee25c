"""Blocks of a page: tables and formulas stay readable, what a script drew is not read twice."""

import pytest

pytest.importorskip("selectolax")
from crossthink.dataflow.page.blocks import read_blocks
from crossthink.dataflow.page.marks import MARKS, element_marks, name_marks
from selectolax.lexbor import LexborHTMLParser


def texts(html: str) -> list[str]:
    return [block.text for block in read_blocks(LexborHTMLParser(html)).blocks]


@pytest.mark.parametrize(("html", "found"), [
    ("<p>One<br>two</p><p>three  <b>four</b>\nfive", ["One\ntwo", "three four five"]),
    ("<table><tr><th>Year<th>City<tr><td>1811</td><td><p>Lorne</p></td></table>", ["Year | City", "1811 | Lorne"]),
    # the head's cells stay above those that they name; cells without text at the end and rows of such say nothing
    ("<table>\n<tr> <td></td> <th>1811</th> <th></th> <th>1812</th> <td></td>\n<tr> <td></td> <td> </td>\n"
     "<tr> <th>Tea</th><!-- t --> <td>3</td> <td>7</td> <td>4</td></table>",
     ["| 1811 | | 1812", "Tea | 3 | 7 | 4"]),
    ("<table role=presentation><tr><td>a<td>b</table>", ["a", "b"]),  # places things, holds no data
    ("<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", ["a | b", "c"]),
    ("<p>x<sup>2</sup> + 10<sup>-6</sup>, the 1<sup>st</sup> v<sub>1</sub> of H<sub>2</sub>O"
     "<sup class=reference>[3]</sup>", ["x^2 + 10^-6, the 1st v_1 of H2O"]),
    ("<p>Let <math><mi>y</mi><annotation encoding='application/x-tex'>{\\displaystyle y=x^{2}}</annotation></math> be.",
     ["Let $y=x^{2}$ be."]),
    ("<p><math alttext='a_1' display=block><mi>a</mi></math>", ["$$a_1$$"]),
    ("<p><math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac></math>", ["(a+b)/2"]),
    ("<p>q <script type='math/tex'>y=1</script><script>var hidden</script><span class='MathJax'>yy</span>",
     ["q $y=1$"]),
    ("<p><span class=katex><span class=katex-mathml><math><annotation encoding=application/x-tex>k</annotation></math>"
     "</span><span class=katex-html>kk</span></span>", ["$k$"]),
    ("<p>E is <img class=latex alt='mc^2' src=e.png> and <img src=cat.png alt='a cat'>", ["E is $mc^2$ and"]),
    ("<p>5<sup>1/2</sup>, x<sup>n + 1</sup>, 2<sup>2n</sup>, m<sup>2</sup>/s", ["5^(1/2), x^(n+1), 2^2n, m^2/s"]),
    ("<p>1<sup>1</sup>/<sub>2</sub> cups, <sup>3</sup>⁄<sub>4</sub> inch", ["1 1/2 cups, 3⁄4 inch"]),
    ("<p>a <mjx-container class=MathJax><mjx-math><mjx-mi>q</mjx-mi></mjx-math><mjx-assistive-mml><math><msup>"
     "<mi>x</mi><mn>2</mn></msup></math></mjx-assistive-mml></mjx-container> b", ["a x^2 b"]),
    ("<p><img class=tex alt='$x$'> <img class=tex alt='\\[y\\]'> <img class=tex alt='\\(a\\) or \\(b\\)'>",
     ["$x$ $$y$$ $\\(a\\) or \\(b\\)$"]),
    ("<p><script type='math/tex; mode=display'>% <![CDATA[\na<b % less\n c %]]></script>", ["$$a<b c$$"]),
    ("<p><img class=mwe-math-fallback-image-inline alt='{\\displaystyle x}'>", ["$x$"]),  # no MathML beside it
    ("<p><math><mfrac linethickness=0><mi>n</mi><mi>k</mi></mfrac><mo>=</mo><mn>2</mn><mo>\u2062</mo><mn>3</mn>"
     "<mi>sin</mi><mo>\u2061</mo><mfenced><mi>a</mi><mi>b</mi></mfenced></math>", ["binom(n, k)=2 3sin (a, b)"]),
    ("<a>Like</a><a>Share</a>", ["Like Share"]),
    ("<p>Text of the page.</p><noscript>Enable scripts</noscript>", ["Text of the page."]),
    ("<div>Menu</div><noscript><p>All of the forum's text, for crawlers.</p></noscript>",
     ["All of the forum's text, for crawlers."]),
])
def test_texts(html: str, found: list[str]) -> None:
    assert texts(html) == found


def test_a_block_knows_its_links_and_what_is_around_it() -> None:
    page = read_blocks(LexborHTMLParser("<main><div class=siteFooter><p>See <a>two words</a> here</p></div></main>"))
    block = page.blocks[0]
    assert (block.tag, block.words, block.link_words) == ("p", 4, 2)
    assert block.marks == MARKS["main"] | MARKS["footer"]
    assert page.parents == [0, 0, 1, 2]  # body, main, div, p


def test_marks_are_read_from_whole_words() -> None:
    assert name_marks("page-sidebar") == name_marks("leftSidebar") & ~MARKS["nav"] == MARKS["aside"]
    assert name_marks("commenting inside") == 0
    assert element_marks("header", {}, 0) == MARKS["header"]
    assert element_marks("header", {}, MARKS["article"]) == 0
    assert element_marks("p", {"style": "color:red; display : none"}, 0) == MARKS["hidden"]
