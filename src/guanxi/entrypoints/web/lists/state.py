"""What a list shows, kept in its address: view, words, facets, condition, order, columns, group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from starlette.datastructures import QueryParams

from guanxi.kernel.records.views import View

FACET = "f."
LONGEST = 4_000  # characters of a condition that still fit into an address
Facets = Mapping[str, tuple[str, ...]]
_quoted = lru_cache(maxsize=2_000)(quote_plus)  # a list has some fifteen links to itself


@dataclass(frozen=True, slots=True)
class State:
    """The state of a list; `cursor` is a place in it and no part of a view."""

    object: str
    view: str = ""  # id of a saved view, or the name of a built-in one
    edited: bool = False  # the rest was changed since the view was opened
    q: str = ""
    where: str = ""
    facets: Facets = field(default_factory=dict)
    sort: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    group: str = ""
    cursor: str = ""
    pipeline: str = ""
    stalled: str = ""  # boards: only what stands still

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.q or self.where or self.facets or self.stalled)

    def pairs(self) -> list[tuple[str, str]]:
        """As parameters of an address."""
        found = [("view", self.view)] if self.view else []
        if self.edited:
            found.append(("edited", "1"))
        plain = ("q", "where", "group", "pipeline", "stalled")
        found += [(name, value) for name in plain if (value := getattr(self, name))]
        found += [(FACET + name, value) for name, values in self.facets.items() for value in values]
        if self.sort:
            found.append(("sort", ",".join(self.sort)))
        if self.columns:
            found.append(("columns", ",".join(self.columns)))
        if self.cursor:
            found.append(("cursor", self.cursor))
        return found

    def url(self, page: str = "", **changes: Any) -> str:
        """The address with some things changed; a change leads back to the first page and marks the view."""
        if changes:
            changes.setdefault("cursor", "")
            if self.view and set(changes) - {"cursor", "view", "edited"}:
                changes.setdefault("edited", True)
        query = "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in replace(self, **changes).pairs()])
        path = f"/o/{self.object}" + (f"/{page}" if page else "")
        return f"{path}?{query}" if query else path

    def with_facet(self, name: str, values: Sequence[str]) -> Facets:
        """The facets with one of them set or, without values, gone."""
        kept = {known: given for known, given in self.facets.items() if known != name}
        return {**kept, name: tuple(dict.fromkeys(values))} if values else kept

    def spec(self) -> dict[str, Any]:
        """What a saved view keeps."""
        facets = {name: list(values) for name, values in self.facets.items()}
        kept = {"q": self.q, "where": self.where, "facets": facets, "sort": list(self.sort),
                "columns": list(self.columns), "group": self.group, "pipeline": self.pipeline}  # fmt: skip
        return {name: value for name, value in kept.items() if value}


def read_state(object_name: str, params: QueryParams | Sequence[tuple[str, str]]) -> State:
    """The state an address asks for, views not yet applied."""
    given = params.multi_items() if isinstance(params, QueryParams) else list(params)
    single = dict(given)
    facets: dict[str, tuple[str, ...]] = {}
    for name, value in given:
        if name.startswith(FACET) and value:
            facets[name[2:]] = (*facets.get(name[2:], ()), value)
    return State(
        object_name,
        view=single.get("view", ""),
        edited=bool(facets) or any(single.get(name) for name in ("edited", "q", "where", "columns", "group")),
        q=single.get("q", "").strip()[:200],
        where=single.get("where", "").strip()[:LONGEST],
        facets=facets,
        sort=_words(single.get("sort", "")),
        columns=_words(single.get("columns", "")),
        group=single.get("group", ""),
        cursor=single.get("cursor", ""),
        pipeline=single.get("pipeline", ""),
        stalled=single.get("stalled", ""),
    )


def read_query(object_name: str, query: str) -> State:
    """The same from the text behind the question mark."""
    return read_state(object_name, parse_qsl(query[:16_000].lstrip("?")))


def apply_view(state: State, view: View) -> State:
    """The view's own contents, unless the address carries changed ones."""
    return state if state.edited else from_spec(state, view.spec)


def from_spec(state: State, spec: Mapping[str, Any]) -> State:
    """A state with a view's contents; the place in the list stays."""
    return replace(
        state,
        q=spec.get("q", ""),
        where=spec.get("where", ""),
        facets={name: tuple(values) for name, values in spec.get("facets", {}).items()},
        sort=tuple(spec.get("sort", ())) if not state.sort else state.sort,
        columns=tuple(spec.get("columns", ())),
        group=spec.get("group", ""),
        pipeline=spec.get("pipeline", "") or state.pipeline,
    )


def is_changed(state: State, spec: Mapping[str, Any]) -> bool:
    """Whether the state differs from what the view keeps."""
    return state.edited and state.spec() != from_spec(State(state.object), spec).spec()


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)[:40]
