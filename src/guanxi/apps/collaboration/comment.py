"""Comments on records, with colleagues called by @name."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from guanxi.apps.collaboration.activity import ABOUT
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import files, links, long_text, lookup, text
from guanxi.kernel.catalog.model import Object, Rule, Section
from guanxi.kernel.records.draft import Draft

COMMENTED = (*ABOUT, "task", "visit", "product")


def mentioned(body: str, people: Iterable[tuple[int, str]]) -> tuple[int, ...]:
    """
    Ids of the people called by @name. The longest name wins (@Wang Xiaoming over @Wang), an @ inside a word
    (a mail address) calls nobody, a Latin name ends at a word's end; Chinese text may follow a name directly.
    """
    by_length = sorted(((name.casefold(), ident) for ident, name in people if name), key=lambda p: -len(p[0]))
    text_, found = body.replace("＠", "@").casefold(), set()
    for at, sign in enumerate(text_):
        if sign != "@" or (at and text_[at - 1].isascii() and text_[at - 1].isalnum()):
            continue
        rest = text_[at + 1 :]
        for name, ident in by_length:
            if rest.startswith(name) and not _continues(name, rest[len(name) :]):
                found.add(ident)
                break
    return tuple(sorted(found))


def _continues(name: str, rest: str) -> bool:
    """Whether the text goes on with the same Latin word."""
    return bool(rest) and name[-1].isascii() and rest[0].isascii() and (rest[0].isalnum() or rest[0] == "_")


def find_mentions(draft: Draft) -> None:
    """Who is mentioned follows from the text."""
    people = ((ident, row["name"]) for ident, row in draft.config["user"].items() if row.get("active"))
    ids = mentioned(draft["body"] or "", people)
    draft["mentions"] = msgspec.json.encode([str(i) for i in ids]).decode() if ids else None


def shorten(draft: Draft) -> None:
    """A comment is called after its beginning."""
    words = " ".join(str(draft["body"] or "").split())
    draft["excerpt"] = (words if len(words) <= 80 else words[:79] + "…") or None


COMMENT = Object(
    "comment",
    L("Comment", "评论"),
    L("Comments", "评论"),
    kind="plain",
    title="excerpt",
    fields=(
        lookup("about", L("About", "关联"), to=COMMENTED, required=True, on_delete="cascade"),
        long_text("body", L("Comment", "评论"), required=True, max_length=20_000),
        text("excerpt", L("Beginning", "摘要"), read_only=True, sortable=False, history=False),
        links("mentions", L("Mentioned", "提到的人"), to="user", read_only=True),
        lookup("reply_to", L("Reply to", "回复"), to="comment"),
        files("files", L("Files", "文件")),
    ),
    columns=("excerpt", "about", "mentions", "created_by", "created_at"),
    form=(Section(L("Comment", "评论"), ("about", "body", "files")),),
    quick=("about", "body"),
    sort="-created_at",
    rules=(Rule(find_mentions), Rule(shorten)),
    access="parent",
    access_via="about",
    timeline="about",
    search=("-",),
    icon="message",
)
