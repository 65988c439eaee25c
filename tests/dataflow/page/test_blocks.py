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


@pytest.mark.parametrize(("mathml", "line"), [
    ("<mn>2</mn><mfrac><mn>1</mn><mn>3</mn></mfrac>", "2 1/3"),
    ("<mn>2</mn><mstyle><mfrac><mn>1</mn><mn>3</mn></mfrac></mstyle><mi>x</mi>", "2 1/3 x"),
    ("<mn>3</mn><msup><mn>10</mn><mn>2</mn></msup>", "3 10^2"),
    ("<mn>2</mn><msup><mi>x</mi><mn>2</mn></msup><mi>y</mi><mo>+</mo><mn>1</mn><mn>0</mn>", "2x^2 y+10"),
    ("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mn>10</mn></munderover><mn>5</mn><mi>i</mi>",
     "∑_(i=1)^10 5i"),
    ("<msub><mi>log</mi><mn>10</mn></msub><mn>100</mn>", "log_10 100"),
    ("<mtext>if </mtext><mi>x</mi>", "if x"),
    ("<mn>3</mn><mspace width=1em></mspace><mn>4</mn>", "3 4"),
    ("<msup><mi>f</mi><mo>′</mo></msup><mo>(</mo><mi>x</mi><mo>)</mo>", "f^′(x)"),
    ("<mn>0.1</mn><mover><mn>6</mn><mo>¯</mo></mover>", "0.16^¯"),
])
def test_no_number_of_mathml_runs_into_the_next(mathml: str, line: str) -> None:
    assert texts(f"<p><math>{mathml}</math>") == [line]


@pytest.mark.parametrize(("html", "text"), [
    ("101<sub>2</sub> = 5", "101_2 = 5"),
    ("log<sub>10</sub>100", "log_10 100"),
    ("10<sup>6</sup><i>m</i>, x<sub>1</sub>y", "10^6 m, x_1 y"),
    ("A = πr<sup>2</sup> or 4π<i>r</i><sup>2</sup>, σ<sup>2</sup>, μ<sub>0</sub>, Δx<sub>1</sub>",
     "A = πr^2 or 4πr^2, σ^2, μ_0, Δx_1"),
    ("2<sup>n<sup>2</sup></sup>, 2x<sup>2</sup>, sin<sup>2</sup>x", "2^(n^2), 2x^2, sin^2 x"),
    ("10<sup>0.5</sup>, e<sup>iπ</sup>, e<sup>-λt</sup>", "10^0.5, e^iπ, e^-λt"),
    ("E = mc<sup>2</sup>, E = <i>mc</i><sup>2</sup>", "E = mc^2, E = mc^2"),
    ("<b>5</b> km<sup>2</sup>, 90 per km<sup>2</sup>, area (cm<sup>2</sup>)", "5 km^2, 90 per km^2, area (cm^2)"),
    # marks of notes, ordinals and chemistry
    ("a word<sup>3</sup>, km<sup>2</sup>, 7 km<sup>4</sup>, 1990s<sup>2</sup>, in 3D<sup>2</sup>",
     "a word3, km2, 7 km4, 1990s2, in 3D2"),
    ("2<sup>nd</sup>, C<sub>6</sub>H<sub>12</sub>O<sub>6</sub>, Ca(OH)<sub>2</sub>, SO<sub>4</sub><sup>2−</sup>",
     "2nd, C6H12O6, Ca(OH)2, SO42−"),
])
def test_powers_and_indices_of_html(html: str, text: str) -> None:
    assert texts(f"<p>{html}") == [text]


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
