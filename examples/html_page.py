"""Dress a page in HTML: four sites, each with its own layout, menus, cookie banner, side bar, share buttons, footer."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from page_source import Table

MENUS = (("Home", "Atlas", "Calendar", "Readers' letters", "Subscribe"), ("Start", "All notes", "About me", "RSS"),
         ("Front page", "Topics", "Events", "Shop", "Contact", "Log in"), ("Index", "Courses", "Library", "Search"))
HOSTS = ("www.openalmanac.example", "fieldnotes.example", "www.wayfarer-weekly.example", "lectern.example")


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """What a site puts into its layout."""

    title: str
    body: str
    """HTML of the paragraphs and facts."""
    section: str
    related: tuple[str, ...]
    """Titles of other pages, for the side bar."""


def body_html(paragraphs: tuple[str, ...], facts: str, after: int = 1) -> str:
    """Paragraphs with the facts after the paragraph number `after`."""
    parts = [f"<p>{escape(text, quote=False)}</p>" for text in paragraphs]
    return "\n".join([*parts[:after], *([facts] if facts else []), *parts[after:]])


def facts_html(table: Table, style: int) -> str:
    """The facts of a page as a table, a numbered list, a definition list or a sentence (style 0 to 3)."""
    label = table.label or "Examples"
    head = table.noun or "name"
    rows = [(escape(name), escape(value)) for name, value in table.facts]
    if style == 0:
        cells = "\n".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
        return (f'<table class="facts">\n<caption>{label}</caption>\n'
                f"<tr><th>{head.capitalize()}</th><th>{label}</th></tr>\n{cells}\n</table>")
    if style == 1:
        items = "\n".join(f"<li>{name}: {value}</li>" for name, value in rows)
        return f"<h3>{label}</h3>\n<ol>\n{items}\n</ol>"
    if style == 2:
        items = "\n".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
        return f"<h4>{label}</h4>\n<dl>\n{items}\n</dl>"
    listed = "; ".join(f"{name}: {value}" for name, value in rows)
    return f"<p><b>{label}.</b> {listed}.</p>"


def render(article: Article, site: int) -> str:
    """The whole page as the site shows it."""
    return LAYOUTS[site](article, MENUS[site])


def _links(names: tuple[str, ...], tag: str = "li") -> str:
    opening, closing = (f"<{tag}>", f"</{tag}>") if tag else ("", "")
    return "\n".join(f'{opening}<a href="/{name.split()[0].lower()}">{escape(name)}</a>{closing}' for name in names)


def _almanac(article: Article, menu: tuple[str, ...]) -> str:
    title = escape(article.title)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title} | The Open Almanac</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/style.css">
<script>window.tracker = window.tracker || [];</script>
</head>
<body>
<div id="cookie-banner" role="dialog"><p>We use cookies to improve your visit. <button>Accept all</button>
<button>Only necessary</button></p></div>
<header><a href="/">The Open Almanac</a>
<nav><ul>
{_links(menu)}
</ul></nav></header>
<main>
<article>
<h1>{title}</h1>
<p class="byline">Section: {article.section}</p>
{article.body}
</article>
</main>
<aside><h2>Read next</h2><ul>
{_links(article.related)}
</ul></aside>
<div class="share"><a href="#">Share</a> <a href="#">Tweet</a> <a href="#">E-mail</a></div>
<footer><p>Copyright The Open Almanac. <a href="/imprint">Imprint</a> <a href="/privacy">Privacy</a></p></footer>
</body>
</html>
"""


def _field_notes(article: Article, menu: tuple[str, ...]) -> str:
    title = escape(article.title)
    return f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>Field notes: {title}</title></head>
<body bgcolor="#fffff0">
<table width="100%"><tr>
<td width="160" valign="top" class="menu"><b>Field notes</b><br>
{_links(menu, "div")}
<hr><i>Blogroll</i><br>
{_links(article.related, "div")}
</td>
<td valign="top" class="content">
<h2>{title}</h2>
<!-- filed under {article.section} -->
{article.body}
<p><small>3 comments | permalink | print this note</small></p>
</td></tr></table>
<center><font size="1">Powered by a very small server. Best viewed with any browser.</font></center>
</body></html>
"""


def _wayfarer(article: Article, menu: tuple[str, ...]) -> str:
    title = escape(article.title)
    teasers = "\n".join(f'<div class="teaser"><a href="#">{escape(name)}</a><span>5 min read</span></div>'
                        for name in article.related)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} - Wayfarer Weekly</title>
<style>.ad {{ width: 300px }} .sticky {{ position: fixed }}</style></head>
<body class="post">
<div class="topbar sticky"><div class="logo">Wayfarer Weekly</div>
<div class="nav">{_links(menu, "span")}</div></div>
<div class="consent">Your privacy matters to us. <a href="#">Manage choices</a> <a href="#">Agree and close</a></div>
<div class="wrapper"><div class="breadcrumbs">Front page &raquo; {article.section.capitalize()} &raquo; {title}</div>
<div class="post-body">
<h1 class="headline">{title}</h1>
<div class="social"><span>Like</span><span>Share</span><span>Save</span></div>
{article.body}
</div>
<div class="sidebar"><h3>Most read</h3>
{teasers}
<div class="ad">Advertisement</div></div></div>
<div class="newsletter"><form><label>Get our newsletter <input type="email"></label>
<button>Sign up</button></form></div>
<div class="footer">Wayfarer Weekly is an independent paper. Terms of use. Jobs. Sitemap.</div>
<script>document.body.className += " js";</script>
</body></html>
"""


def _lectern(article: Article, menu: tuple[str, ...]) -> str:
    title = escape(article.title)
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<title>{title} (Lectern)</title>
<meta charset="UTF-8">
<meta name="description" content="Reading for courses in {article.section}">
</head>
<body>
<ul class="skip"><li><a href="#content">Skip to content</a></li></ul>
<nav class="primary">{_links(menu, "")}</nav>
<section id="content" role="main">
<header><h1>{title}</h1><p>Lectern reader, {article.section}</p></header>
<div class="reading">
{article.body}
</div>
</section>
<nav class="pager"><a rel="prev" href="#">Previous reading</a> <a rel="next" href="#">Next reading</a></nav>
<section class="related"><h2>In the same course</h2><ol>
{_links(article.related)}
</ol></section>
<footer><a href="/licence">Licence</a> <a href="/accessibility">Accessibility</a>
<a href="#top">Back to top</a></footer>
<div class="cookies" hidden>This site stores one cookie, for your font size.</div>
</body>
</html>
"""


LAYOUTS: tuple[Callable[[Article, tuple[str, ...]], str], ...] = (_almanac, _field_notes, _wayfarer, _lectern)
