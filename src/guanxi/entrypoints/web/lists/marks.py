"""Finished pieces of cells and cards: people, badges, stage bars, the dot of the next step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from guanxi.base.dates import show_relative
from guanxi.base.i18n import Locale, translate
from guanxi.base.money import format_money
from guanxi.entrypoints.web import parts, render
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.shape import targets_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

Marks = Mapping[Any, Markup]
CLOSED = ("won", "lost", "converted", "unqualified", "done")
BARS = 5
NEXT = {
    tone: f'<span class="gx-next gx-next-{tone}"><span class="gx-dot gx-dot-{tone}" aria-hidden="true"></span>'
    '<span class="gx-cut">'
    for tone in ("red", "green", "later", "none")
}


class Blank(dict[Any, Any]):
    """What is not there is empty: templates ask by index, which is much faster there than a call of `get`."""

    def __missing__(self, _key: Any) -> str:
        return ""


class Days(dict[Any, str]):
    """Days as people read them, each made once however many rows show it."""

    def __init__(self, locale: Locale, style: str = "short") -> None:
        super().__init__({None: ""})
        self.locale, self.style = locale, style

    def __missing__(self, day: int) -> str:
        made = self[day] = escape(parts.show_date(day, self.locale, self.style))
        return made


def ago(us: int | None, locale: Locale) -> str:
    """20 min ago, with the exact time on hover; as HTML."""
    if us is None:
        return ""
    exact = escape(parts.show_moment(us, locale, "full"))
    return f'<time title="{exact}">{escape(show_relative(us, locale.now, locale.zone, locale.language))}</time>'


def amount(value: int | None, currency: str | None, locale: Locale) -> str:
    """¥1,234.50, as HTML; nothing if there is none."""
    return "" if value is None else escape(format_money(value, currency or locale.currency, locale.language))


class People(dict[Any, Markup]):
    """Avatar with name by user id, made when first asked for."""

    def __init__(self, names: Mapping[int, str]) -> None:
        super().__init__({None: Markup("")})
        self.names = names

    def __missing__(self, ident: int) -> Markup:
        name = self.names.get(ident)
        made = Markup("") if name is None else person(ident, name)
        self[ident] = made
        return made


@lru_cache(maxsize=4_000)
def avatar(ident: int, name: str) -> Markup:
    """Initials in the person's colours."""
    latin = "" if parts.is_han(name) else " gx-avatar-latin"
    return Markup('<span class="gx-avatar gx-p{}{}" title="{}" aria-hidden="true">{}</span>').format(
        parts.pair_of(ident), latin, name, parts.initials(name)
    )


@lru_cache(maxsize=4_000)  # the same few people on every line
def person(ident: int, name: str) -> Markup:
    """Avatar and name."""
    return Markup('<span class="gx-person">{}<span class="gx-cut">{}</span></span>').format(avatar(ident, name), name)


def badge(text: str, tone: str) -> Markup:
    """A small coloured word."""
    extra = f" gx-badge-{tone}" if tone and tone != "grey" else ""
    return Markup('<span class="gx-badge{}">{}</span>').format(extra, text)


def choices_of(work: Work, target: Object, locale: Locale) -> Mapping[str, Marks]:
    """Choice values of an object by field: a badge where a tone says something, plain text elsewhere."""
    key = ("choice-marks", target.name, locale.language)
    known: dict[str, dict[Any, Markup]] | None = work.catalog.memo.get(key)
    if known is None:
        known = {}
        for field in work.catalog.fields(target).values():
            if field.options.get("choices"):
                known[field.name] = Blank(
                    (c.key, badge(text, c.tone) if c.tone else Markup.escape(text))
                    for c in field.options["choices"]
                    for text in [c.label.in_(locale.language)]
                )
        work.catalog.memo[key] = known
    return known


def stages_of(work: Work, target: Object, locale: Locale) -> Marks:
    """Stage bars (or check and cross) by value of the object's step field."""
    if target.steps is None:
        return {}
    key = ("stage-marks", target.name, locale.language)
    known: dict[Any, Markup] | None = work.catalog.memo.get(key)
    if known is None:
        field = work.catalog.field(target, target.steps.field)
        if field.type == "choice":
            known = dict(choices_of(work, target, locale)[field.name])
        else:
            known = _staged(work, targets_of(field)[0], locale)
        work.catalog.memo[key] = known
    return known


def _staged(work: Work, name: str, locale: Locale) -> dict[Any, Markup]:
    found: dict[Any, Markup] = {}
    rows = list(work.catalog.config.get(name, {}).values())
    other = work.catalog.object(name)
    title = work.catalog.field(other, other.title).column
    for row in rows:
        same = [r for r in rows if r.get("pipeline") == row.get("pipeline") and r.get("kind", "open") == "open"]
        same.sort(key=lambda r: (r.get("position") or 0, r["id"]))
        at = next((n for n, r in enumerate(same, 1) if r["id"] == row["id"]), 0)
        text = str((locale.language == "en" and row.get("name_en")) or row[title] or "")
        found[row["id"]] = stage(text, at, len(same), str(row.get("kind", "open")))
    return found


def stage(text: str, at: int, total: int, state: str) -> Markup:
    """Five bars however many stages there are."""
    if state in ("won", "lost"):
        pic = render.icon("circle-check" if state == "won" else "circle-x", 14)
        return Markup('<span class="gx-stage gx-stage-{}">{}<span>{}</span></span>').format(state, pic, text)
    on = round(at * BARS / total) if total else 0
    bars = Markup('<span class="gx-on"></span>') * on + Markup("<span></span>") * (BARS - on)
    return Markup(
        '<span class="gx-stage"><span class="gx-bars" aria-hidden="true">{}</span><span>{}</span></span>'
    ).format(bars, text)


def next_marker(work: Work, locale: Locale) -> Callable[[int | None, str | None, str | None], Markup]:
    """The dot of the next step: overdue, today, later, nothing planned; none on closed records."""
    none = _next("none", translate("Nothing planned", locale.language))
    days = Days(locale, "plain")
    soon = {work.today - 1: ("昨天", "yesterday"), work.today: ("今天", "today"), work.today + 1: ("明天", "tomorrow")}

    def mark(day: Any, text: str | None, state: str | None = None) -> Markup:
        if state in CLOSED:
            return Markup("")
        if day is None or day == "":  # unset, or not theirs to read
            return _next("later", text) if text else none
        tone = tone_of(day, work.today)
        when = soon.get(day)
        shown = when[locale.language == "en"] if when else days[day]
        return _next(tone, f"{shown} {text or ''}".strip())

    return mark


def tone_of(day: int | None, today: int) -> str:
    """red (overdue), green (today), later, none."""
    return "none" if day is None else "red" if day < today else "green" if day == today else "later"


def _next(tone: str, text: str | None) -> Markup:
    return Markup(f"{NEXT[tone]}{escape(text or '')}</span></span>")  # noqa: S704 - the text is escaped


def many_marker(work: Work, target: Object, locale: Locale) -> Callable[[str, str | None], Markup]:
    """Tags and multiple choices as badges, the first three."""
    choices = choices_of(work, target, locale)

    def mark(name: str, stored: str | None) -> Markup:
        if not stored:
            return Markup("")
        items = json.loads(stored)
        known = choices.get(name, {})
        shown = [badge(_plain(known.get(i), str(i)), "") for i in items[:3]]
        more = [Markup('<span class="gx-meta">+{}</span>').format(len(items) - 3)] if len(items) > 3 else []
        return Markup(" ").join([*shown, *more])

    return mark


def _plain(mark: Markup | None, text: str) -> str:
    return str(mark.striptags()) if mark is not None else text
