"""Long texts: Markdown to HTML that holds nothing but harmless tags."""

from __future__ import annotations

import mistune
import nh3
from markupsafe import Markup

TAGS = {"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em",
        "strong", "del", "a", "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}}
SCHEMES = {"http", "https", "mailto", "tel"}

_render = mistune.create_markdown(escape=True, hard_wrap=True, plugins=["strikethrough", "table", "url"])


def to_html(text: str | None) -> Markup:
    """The text as people wrote it, with links that open safely."""
    made = _render(text or "")
    clean = nh3.clean(str(made), tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener nofollow")
    return Markup(clean)  # noqa: S704 - cleaned to a list of tags, attributes and schemes
