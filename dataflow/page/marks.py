"""What an element says of itself: its tag, role, class and id, read as a set of marks (bits of one integer)."""

import re
from collections.abc import Mapping
from functools import lru_cache

NAMES = ("nav", "header", "footer", "aside", "main", "article", "form", "button", "hidden", "content", "comment",
         "heading", "list", "table", "pre", "quote", "end_note", "share", "related", "byline", "notice", "promotion",
         "figure", "user", "breadcrumb", "search", "details", "post", "subscribe", "dialog", "consent", "noscript")
MARKS = {name: 1 << place for place, name in enumerate(NAMES)}
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_WORDS = {
    "nav": "nav navbar navigation navlist navs menu menus submenu megamenu tab tabs pagination pager paging pages skip "
           "toc toolbar topbar sitemap drawer links hamburger",
    "header": "masthead header banner logo branding topbar",
    "footer": "footer foot bottom copyright colophon legal siteinfo",
    "aside": "sidebar side aside rail widget widgets secondary complementary rightcol leftcol right left sticky",
    "hidden": "hidden hide sr screenreader visually invisible offscreen collapsed noprint",
    "content": "content entry richtext rte prose markdown wysiwyg copy hentry articlebody cooked description text "
               "paragraph body article story",
    "comment": "comment comments reply replies disqus respond responses",
    "share": "share shares sharing social follow addtoany sharedaddy like likes facebook twitter",
    "related": "related recommend recommended recommendations more similar popular trending latest recent readmore "
               "upsell recirc further teaser teasers next prev previous suggested suggestions also upnext featured "
               "explore",
    "byline": "byline author authors meta date timestamp published posted tag tags category categories taxonomy credit "
              "bio dateline time readtime info details",
    "consent": "cookie cookies consent gdpr ccpa onetrust privacy",
    "notice": "notice alert toast disclaimer disclosure",
    "promotion": "promo promotion ad ads adv advert advertisement advertising adslot sponsor sponsored outbrain "
                 "taboola dfp gpt commercial affiliate donate donation paywall upgrade",
    "figure": "caption gallery carousel slider slideshow swiper slick thumb thumbnail",
    "user": "user avatar profile signature sig poster member rank reputation badge badges login account postprofile "
            "karma vote votes score usercard",
    "breadcrumb": "breadcrumb breadcrumbs crumb crumbs",
    "search": "search filter filters sort sorting facet facets refine toggle dropdown",
    "post": "post posts message messages answer question thread topic",
    "subscribe": "subscribe newsletter signup optin mailing subscription email mailchimp register cta",
    "dialog": "modal popup overlay lightbox dialog tooltip popover",
}
_OF_TAG = {
    "nav": "nav", "aside": "aside", "main": "main", "article": "article", "form": "form", "button": "button",
    "ul": "list", "ol": "list", "menu": "list", "table": "table", "pre": "pre", "blockquote": "quote",
    "figure": "figure", "details": "details", "summary": "details", "dialog": "dialog", "noscript": "noscript",
    **dict.fromkeys(HEADINGS, "heading")}
_OF_ROLE = {
    "navigation": "nav", "menu": "nav", "menubar": "nav", "menuitem": "nav", "tablist": "nav", "tab": "nav",
    "banner": "header", "contentinfo": "footer", "complementary": "aside", "main": "main", "article": "article",
    "search": "search", "form": "form", "button": "button", "dialog": "dialog", "alertdialog": "dialog"}
_TAG_BITS = {tag: MARKS[name] for tag, name in _OF_TAG.items()}
_ROLE_BITS = {role: MARKS[name] for role, name in _OF_ROLE.items()}
_WORD_BITS: dict[str, int] = {}
for _name, _words in _WORDS.items():
    for _word in _words.split():
        _WORD_BITS[_word] = _WORD_BITS.get(_word, 0) | MARKS[_name]
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_READ = 400
"""Characters of a class attribute that are read."""
_IN_CONTENT = MARKS["main"] | MARKS["article"]


def element_marks(tag: str, attributes: Mapping[str, str | None], around: int) -> int:
    """The marks of an element that stands inside elements with the marks `around`."""
    marks = _TAG_BITS.get(tag, 0)
    if tag == "header" and not around & _IN_CONTENT:
        marks = MARKS["header"]
    elif tag == "footer":
        marks = MARKS["end_note" if around & _IN_CONTENT else "footer"]
    if not attributes:
        return marks
    for name in ("class", "id"):
        if value := attributes.get(name):
            marks |= name_marks(value[:_READ])
    marks |= _ROLE_BITS.get(attributes.get("role") or "", 0)
    style = attributes.get("style")
    if "hidden" in attributes or attributes.get("aria-hidden") == "true" or (style and _INVISIBLE.search(style)):
        marks |= MARKS["hidden"]
    return marks


@lru_cache(maxsize=1 << 16)
def name_marks(name: str) -> int:
    """The marks of a class or id by the words that it is made of: "siteFooter" and "site-footer" are a footer."""
    marks = 0
    for word in _PARTS.findall(name):
        marks |= _WORD_BITS.get(word.lower(), 0)
    return marks
