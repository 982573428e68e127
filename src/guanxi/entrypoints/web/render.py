"""Templates: one Jinja2 environment, the functions pages use, and `render` that answers a request."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Hashable, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, Template, select_autoescape
from jinja2.exceptions import TemplateNotFound
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from guanxi.base import dates
from guanxi.base import money as amounts
from guanxi.base.errors import Message
from guanxi.base.i18n import Label, Language, Locale, translate
from guanxi.base.i18n import render as words
from guanxi.entrypoints.web import parts
from guanxi.entrypoints.web.assets import asset, has_vendor

TEMPLATES = Path(__file__).parent / "templates"
GAP = f"\x01{os.urandom(6).hex()}\x01"  # nobody can type it
LOCALE: ContextVar[Locale] = ContextVar("locale", default=Locale())  # noqa: B039 - Locale is frozen


def t(sentence: str, **params: Any) -> str:
    """An English sentence in the reader's language: `t("{n} selected", n=3)`."""
    return translate(sentence, LOCALE.get().language, **params)


def th(sentence: str, **params: Any) -> Markup:
    """A sentence that holds markup (`<b>{name}</b>`); only its gaps are escaped."""
    language = LOCALE.get().language
    filled = {k: v if isinstance(v, Markup) else escape(words(v, language)) for k, v in params.items()}
    return Markup(translate(sentence, language).format(**filled))  # noqa: S704 - the sentence is ours, gaps are escaped


def label(value: Any) -> str:
    """A `Label`, `Message` or plain value as text in the reader's language."""
    return str(words(value, LOCALE.get().language)) if value is not None else ""


@lru_cache(maxsize=2_000)  # a page has some fifty, and they never change
def icon(name: str, size: int = 16, title: str = "") -> Markup:
    """An outline icon from the cut sprite; decorative unless it has a title."""
    extra = {16: "", 14: " gx-i-14", 20: " gx-i-20"}[size]
    said = Markup('role="img" aria-label="{}"').format(title) if title else Markup('aria-hidden="true"')
    place = f"{asset('vendor/icons.svg')}#{name}"
    return Markup('<svg class="gx-i{}" {}><use href="{}"></use></svg>').format(extra, said, place)


def money(amount: int | None, currency: str | None = None, *, compact: bool = False) -> str:
    """¥865,000.00, or ¥86.5万 in heads and cards."""
    if amount is None:
        return ""
    locale = LOCALE.get()
    show = amounts.compact_money if compact else amounts.format_money
    return show(amount, currency or locale.currency, locale.language)


def number(value: int | None, digits: int = 0, *, compact: bool = False) -> str:
    """A count or scaled number with separators."""
    if value is None:
        return ""
    return amounts.compact(value, digits, LOCALE.get().language) if compact else amounts.grouped(value, digits)


def date(day: int | None, style: str = "short") -> str:
    """Days since 1970 as people read them (`short`, `plain`, `full`)."""
    return parts.show_date(day, LOCALE.get(), style)


def moment(us: int | None, style: str = "short") -> str:
    """Microseconds UTC as date and time in the reader's zone."""
    return parts.show_moment(us, LOCALE.get(), style)


def relative(us: int | None) -> Markup:
    """20 min ago, with the exact time on hover."""
    if us is None:
        return Markup("")
    locale = LOCALE.get()
    return Markup('<time title="{}">{}</time>').format(
        parts.show_moment(us, locale, "full"), dates.show_relative(us, locale.now, locale.zone, locale.language)
    )


def relative_date(day: int | None) -> Markup:
    """3 days ago, with the date on hover."""
    if day is None:
        return Markup("")
    locale = LOCALE.get()
    return Markup('<time title="{}">{}</time>').format(
        parts.show_date(day, locale, "full"),
        dates.show_relative_day(day, dates.local_day(locale.now, locale.zone), locale.language),
    )


def url(path: str, **query: Any) -> str:
    """`url("/o/opportunity", view=3)`: None and "" are left out, lists repeat."""
    given = [(k, v) for k, v in query.items() if v not in (None, "", ())]
    return quote(path, safe="/:@-._~!$&'()*+,;=%") + (f"?{urlencode(given, doseq=True)}" if given else "")


def plural(count: int, one: str, many: str) -> str:
    """English needs two forms: `t(plural(n, "{n} row", "{n} rows"), n=n)`."""
    return one if count == 1 else many


def pairs(values: Sequence[str]) -> list[tuple[str, str]]:
    """Options of a select whose keys are their own names."""
    return [(value, value) for value in values]


def to_json(value: Any) -> Markup:
    """JSON that may stand inside `<script type="application/json">` or an attribute in single quotes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=label)
    for char, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")):
        text = text.replace(char, code)
    return Markup(text)  # noqa: S704 - nothing in it can end a script or an attribute


def bars(values: Sequence[float]) -> list[tuple[float, float]]:
    """Start and width in percent of the pieces of a mixed bar."""
    total, at, out = sum(values) or 1, 0.0, []
    for value in values:
        width = 100 * value / total
        out.append((round(at, 2), round(max(0, width - 1), 2)))
        at += width
    return out


def gap(name: str) -> Markup:
    """In a piece that is kept: a place filled anew on each page."""
    return Markup(f"{GAP}{name}{GAP}")  # noqa: S704 - no markup in it


def kept(template: str, gaps: Mapping[str, Any] | None = None, /, **given: Hashable) -> Markup:
    """A piece that shows only its language and what it is given, so it is made once; gaps are filled per page."""
    pieces = list(_kept(template, LOCALE.get().language, tuple(given.items())))
    if len(pieces) > 1 and gaps is not None:
        pieces[1::2] = [escape(gaps[name]) for name in pieces[1::2]]
    return Markup("".join(pieces))  # noqa: S704 - made by an autoescaping template


@lru_cache(maxsize=1_000)
def _kept(template: str, language: Language, given: tuple[tuple[str, Hashable], ...]) -> tuple[str, ...]:
    return tuple(fragment(template, dict(given), Locale(language)).split(GAP))


HELPERS = (
    t, th, label, icon, money, number, date, moment, relative, relative_date, url, plural, pairs, to_json, bars,
    gap, kept,
)  # fmt: skip


def make_environment(extra: Sequence[Path] = ()) -> Environment:
    """The environment; `extra` template folders (apps, tests) are searched after ours."""
    cache = Path(tempfile.gettempdir()) / f"guanxi-templates-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    env = Environment(
        loader=FileSystemLoader([TEMPLATES, *extra]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=FileSystemBytecodeCache(str(cache)) if cache.stat().st_uid == os.getuid() else None,
    )
    env.globals.update({f.__name__: f for f in HELPERS})
    env.globals.update(
        asset=asset, has_vendor=has_vendor, initials=parts.initials, mark_of=parts.mark_of, pair_of=parts.pair_of
    )
    env.globals.update(is_han=parts.is_han, locale=LOCALE.get)
    env.globals["ui"] = env.get_template("parts/ui.html").module
    env.globals["form"] = env.get_template("parts/form.html").module
    return env


ENV: list[Environment] = []


def environment() -> Environment:
    """The environment of this process, made at first use."""
    if not ENV:
        ENV.append(make_environment())
    return ENV[0]


def add_templates(folders: Sequence[Path]) -> None:
    """Lets apps bring templates; called once by `create_web`."""
    ENV[:] = [make_environment(folders)]
    _kept.cache_clear()


def find_template(*names: str) -> Template:
    """The first that exists: `find_template("quote/show.html", "record/show.html")`."""
    for name in names:
        try:
            return environment().get_template(name)
        except TemplateNotFound as missing:
            if missing.name != name:
                raise
    raise TemplateNotFound(names[-1])


def object_template(object_name: str, page: str) -> Template:
    """A page of one object, or the generic one."""
    return find_template(f"{object_name}/{page}.html", f"record/{page}.html")


def fragment(template: str | Template, context: Mapping[str, Any], locale: Locale) -> str:
    """A template as text in that locale (also for mail and pushed pieces)."""
    token = LOCALE.set(locale)
    try:
        found = template if isinstance(template, Template) else environment().get_template(template)
        return found.render(context)
    finally:
        LOCALE.reset(token)


def sentence(message: Message | Label | str, locale: Locale) -> str:
    """An error's message in that locale."""
    return str(words(Message(message) if isinstance(message, str) else message, locale.language))


def respond(html: str, status: int = 200, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """HTML that is never kept by shared caches."""
    return HTMLResponse(html, status, {"Cache-Control": "private, no-store", **(headers or {})})


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a piece, not a page."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-request-type") != "full"
