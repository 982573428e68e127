"""Candidates of a search by grams and rights tokens, and the re-check of what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.grams import Match, matches, query_grams
from guanxi.kernel.access.actors import EVERYONE
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.records.filters import readable

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

Matched = tuple[str, str, tuple[tuple[int, int], ...], str]
"""Field name, the text that answered, its marked spans, and how it answered."""


def matching_ids(work: Work, target: Object, text: str, cap: int = 1_000) -> list[int]:
    """Ids for the words of a list's search box, newest first, judged only by grams (the list's own reach follows)."""
    grams = query_grams(text)
    if not grams:
        return []
    allowed = readable(work, target)
    return [
        record for record, _, doc in candidates(work, grams, [target], cap) if match(allowed, doc, text) is not None
    ]


def candidates(work: Work, grams: Sequence[str], targets: Sequence[Object], limit: int) -> list[tuple[int, int, str]]:
    """(record, object id, document) with all grams, within the caller's owners and teams; newest first."""
    session = work.session
    doc = session.table("search_doc")
    terms, scopes = [_quoted(g, session.dialect) for g in grams], _scopes(work, targets)
    if session.dialect == "sqlite":
        query = " AND ".join([*terms, f"({' OR '.join(scopes)})"])
        sql = (
            f"SELECT d.record, d.object, d.doc FROM search_gram s JOIN {doc} d ON d.record = s.rowid"
            " WHERE s.search_gram MATCH ? ORDER BY s.rowid DESC LIMIT ?"
        )
    else:
        query = " & ".join([*terms, f"({' | '.join(scopes)})"])
        sql = f"SELECT record, object, doc FROM {doc} WHERE g @@ CAST(? AS tsquery) ORDER BY record DESC LIMIT ?"
    rows: list[Any] = session.rows(sql, (query, limit))
    if not work.actor.rights.admin:
        rows += _granted(work, grams, [r[0] for r in rows])
    return [(r[0], r[1], r[2]) for r in rows]


def _scopes(work: Work, targets: Sequence[Object]) -> list[str]:
    """Per object the tokens one must have: none for those who see all, owner or team for the others."""
    dialect = work.session.dialect
    both, either = (" AND ", " OR ") if dialect == "sqlite" else (" & ", " | ")
    scopes = []
    for target in targets:
        token = _quoted(f"ob{target.id}", dialect)
        found = reach(work.session, work.catalog, work.actor, target, "read", work.now)
        if found.all or target.access == "parent":
            scopes.append(token)
            continue
        owners = [f"zo{work.actor.user}"]
        if any(b.name == "team" for b in found.branches):
            scope = work.actor.rights.scope(target.name, "read")
            owners += [f"zt{t}" for t in (work.actor.subtree if scope == "subtree" else work.actor.teams)]
        scopes.append(f"({token}{both}({either.join(_quoted(o, dialect) for o in owners)}))")
    return scopes


def _quoted(gram: str, dialect: str) -> str:
    return '"' + gram.replace('"', '""') + '"' if dialect == "sqlite" else "'" + gram.replace("'", "''") + "'"


def _granted(work: Work, grams: Sequence[str], known: Sequence[int]) -> list[Any]:
    """Records one sees only by a grant have no token of one's own: they are few and asked for by id."""
    principals = pad([p for p in work.actor.principals if p != EVERYONE] or [work.actor.user])
    marks = ", ".join("?" * len(principals))
    grants, doc = work.session.table("grant_row"), work.session.table("search_doc")
    sql = (
        f"SELECT d.record, d.object, d.doc, d.grams FROM {grants} w JOIN {doc} d ON d.record = w.record"
        f" WHERE w.principal IN ({marks}) LIMIT 2000"
    )
    wanted, seen = set(grams), set(known)
    return [r[:3] for r in work.session.rows(sql, principals) if r[0] not in seen and wanted.issubset(r[3].split())]


def match(allowed: Mapping[str, Field], doc: str, text: str) -> Matched | None:
    """The first field the caller may read that answers; every word must be found in fields they may read."""
    pieces: list[str] = []
    names: list[str] = []
    for name, parts in msgspec.json.decode(doc, type=dict[str, list[str]]).items():
        if name in allowed:
            pieces += parts
            names += [name] * len(parts)
    found: list[Match] | None = matches(pieces, text)
    if not found:
        return None
    first = found[0]
    spans = tuple((m.start, m.stop) for m in found if m.piece == first.piece)
    return names[first.piece], pieces[first.piece], spans, first.why
