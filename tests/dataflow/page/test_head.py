"""Title, date, licence and opt-out of a page, by hand-made heads."""

import pytest

pytest.importorskip("selectolax")
from crossthink.dataflow.page.head import day_in, linked_data, meta_tags, published_on, title_of
from crossthink.dataflow.page.licence import UNKNOWN, licence_in, licence_of
from crossthink.dataflow.page.opt_out import opted_out
from selectolax.lexbor import LexborHTMLParser

CC = "https://creativecommons.org/licenses"


@pytest.mark.parametrize(("html", "title"), [
    ("<title>Tides | The Harbour Times</title><h1>Why tides turn</h1>", "Why tides turn"),
    ("<title>Why tides turn - News</title><h1>Harbour Times</h1><h1>Why tides turn</h1>", "Why tides turn"),
    ("<title>Why the tides turn at night | Harbour</title>", "Why the tides turn at night"),
    ("<meta property=og:title content='Tides: a guide'><title>x</title>", "Tides: a guide"),
    ("<p>no title", ""),
])
def test_titles(html: str, title: str) -> None:
    tree = LexborHTMLParser(html)
    assert title_of(tree, meta_tags(tree)) == title


@pytest.mark.parametrize(("text", "day"), [
    ("2024-03-01T10:00:00Z", "2024-03-01"), ("March 1, 2024", "2024-03-01"), ("1st March 2024", "2024-03-01"),
    ("/2024/3/1/tides/", "2024-03-01"), ("2024-13-01", ""), ("2024-02-30", ""), ("March 2024", ""), ("12:30", ""),
])
def test_days(text: str, day: str) -> None:
    assert day_in(text) == day


def test_the_published_day_is_the_pages_own() -> None:
    tree = LexborHTMLParser("""<script type="application/ld+json">{"@graph": [{"@type": "Person", "datePublished":
        "2001-01-01"}, {"@type": "NewsArticle", "datePublished": "2024-05-06"}]}</script>
        <script type="application/ld+json">{broken</script><time datetime="2020-01-01">""")
    assert published_on(tree, {}, linked_data(tree), "") == "2024-05-06"
    bare = LexborHTMLParser("<p>x")
    assert published_on(bare, {"article:published_time": "2023-02-03T04:05"}, [], "") == "2023-02-03"
    assert published_on(bare, {}, [], "https://a.example/2022/11/05/tides") == "2022-11-05"


@pytest.mark.parametrize(("url", "name"), [
    (f"{CC}/by/4.0/", "CC-BY-4.0"), (f"{CC}/by-nc-sa/3.0/deed.de", "CC-BY-NC-SA-3.0"),
    (f"{CC}/by-sa/3.0/de/", "CC-BY-SA-3.0-DE"), (f"{CC}/by-sa/2.0/uk/", "CC-BY-SA-2.0-UK"),
    (f"{CC}/by-nc-nd/3.0/us/", "LicenseRef-CC-BY-NC-ND-3.0-US"),  # SPDX has no name for it
    (f"{CC}/by/2.5/scotland/", "LicenseRef-CC-BY-2.5-SCOTLAND"), (f"{CC}/by/4.0/legalcode.de", "CC-BY-4.0"),
    (f"{CC}/by-nd-nc/1.0", "CC-BY-NC-ND-1.0"),
    ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
    ("//creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
    (f"{CC}/", UNKNOWN), (f"{CC}/sampling/1.0/", UNKNOWN), ("https://example.com/by/4.0", UNKNOWN),
])
def test_licence_urls(url: str, name: str) -> None:
    assert licence_in(url) == name


@pytest.mark.parametrize(("html", "name"), [
    (f"<link rel=license href={CC}/by/4.0/>", "CC-BY-4.0"),
    (f"<p>Text <a rel='license noopener' href={CC}/by-sa/3.0/>CC</a>", "CC-BY-SA-3.0"),
    (f"<footer><p>Under <a href={CC}/by/2.0/>CC</a></footer>", "CC-BY-2.0"),
    (f"<div class=sidebar><a href={CC}/by/2.0/>CC</a></div>", "CC-BY-2.0"),
    (f"<article><p>The library chose <a href={CC}/by/4.0/>CC BY</a> for its books.</article>", UNKNOWN),
    (f"<figure><img src=a><figcaption>Photo: A, <a rel=license href={CC}/by/4.0/>CC</a></figure>", UNKNOWN),
    (f"<a rel=license href={CC}/by/4.0/>a</a><a rel=license href={CC}/by-sa/4.0/>b</a>", UNKNOWN),  # two: which?
    (f'<script type="application/ld+json">{{"@type":"Article","license":"{CC}/by/4.0/"}}</script>', "CC-BY-4.0"),
    (f'<script type="application/ld+json">{{"@type":"ImageObject","license":"{CC}/by/4.0/"}}</script>', UNKNOWN),
    (f"<link rel=license href={CC}/by/4.0/><footer><a href={CC}/by/2.0/>old</a></footer>", "CC-BY-4.0"),
    (f"<meta name=dcterms.license content={CC}/by-nc/4.0/>", "CC-BY-NC-4.0"),
    ("<p>All rights reserved.", UNKNOWN),
    (f"<p>A <a rel=cc:license href={CC}/by/4.0/>a</a>", "CC-BY-4.0"),
    (f"<p>A <a property=dct:license href={CC}/by/4.0/>a</a>", "CC-BY-4.0"),
    (f"<p>A <a itemprop=license href={CC.replace('creative', 'Creative')}/by/4.0/>a</a>", "CC-BY-4.0"),
    (f"<div about='' rel=dct:license resource={CC}/by/4.0/>a</div>", "CC-BY-4.0"),
    (f"<div about=cat.png rel=dct:license resource={CC}/by/4.0/><img src=cat.png></div>", UNKNOWN),
    (f"<link itemprop=license href={CC}/by/4.0/>", "CC-BY-4.0"),
    (f'<script type="application/ld+json; charset=utf-8">{{"schema:license":"{CC}/by/4.0/"}}</script>', "CC-BY-4.0"),
])
def test_whose_licence_it_is(html: str, name: str) -> None:
    tree = LexborHTMLParser(html)
    assert licence_of(tree, meta_tags(tree), linked_data(tree)) == name


@pytest.mark.parametrize(("meta", "robots", "reservation", "found"), [
    ({"robots": "index, NoAI"}, "", "", "meta robots: noai"),
    ({"robots": "none"}, "", "", "meta robots: none"),
    ({"ccbot": "noindex"}, "", "", "meta ccbot: noindex"),
    ({"googlebot": "noindex"}, "", "", ""),                # another's robot
    ({"robots": "noimageai, nofollow, max-snippet:-1"}, "", "", ""),
    ({}, "all\nnoai, noimageai", "", "X-Robots-Tag: noai"),
    ({}, "gptbot: noindex", "", "X-Robots-Tag: noindex"),
    ({}, "bingbot: noindex", "", ""),
    ({}, "max-snippet:-1, noai", "", "X-Robots-Tag: noai"),  # a directive with a value, no robot of that name
    ({}, "unavailable_after: 25 Jun 2030 15:00:00 PST, noai", "", "X-Robots-Tag: noai"),
    ({}, "unavailable_after: 2010-06-25 15:00:00 PST, noindex", "", "X-Robots-Tag: noindex"),
    ({}, "unavailable_after: 25 Jun 2010, 15:00 PST, noindex", "", "X-Robots-Tag: noindex"),
    ({}, "unavailable_after: 2010-06-25T15:00 -08:00, noindex", "", "X-Robots-Tag: noindex"),
    ({}, "unavailable_after: Friday, 25-Jun-10 15:00:00 UTC, noindex", "", "X-Robots-Tag: noindex"),
    ({}, "bingbot: unavailable_after: 2010-06-25 15:00:00 PST, noindex", "", ""),
    ({}, "360spider: noindex", "", ""),
    ({}, "googlebot: nofollow, GPTBot: nofollow, noai", "", "X-Robots-Tag: noai"),
    ({}, "gptbot: nofollow, bingbot: nofollow, noai", "", ""),
    ({"robots": "max-image-preview: none"}, "", "", ""),
    ({"robots": "noimageai noai"}, "", "", "meta robots: noai"),
    ({"tdm-reservation": "1"}, "", "", "meta tdm-reservation: 1"),
    ({"tdm-reservation": "0"}, "", "1", "header tdm-reservation: 1"),
    ({}, "", "0", ""),
])
def test_opt_outs(meta: dict[str, str], robots: str, reservation: str, found: str) -> None:
    assert opted_out(meta, robots, reservation) == found


def test_of_two_tags_for_robots_each_counts() -> None:
    """The theme writes one, a plugin adds another; of other names the first one counts."""
    tags = meta_tags(LexborHTMLParser("<meta name=robots content='index, follow'><meta name=Robots content='noai'>"
                                      "<meta name=date content=2024-01-02><meta name=date content=2020-01-01>"))
    assert opted_out(tags, "", "") == "meta robots: noai"
    assert tags["date"] == "2024-01-02"
