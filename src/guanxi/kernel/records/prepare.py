"""Everything between parsing and storing: fills, lines of documents, rules, checks. A rehearsal stops after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from guanxi.base.errors import FieldError, msg
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.attachments import check_files
from guanxi.kernel.records.checks import check
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.fill import fill_defaults, number, run_rules, settle_money
from guanxi.kernel.records.lines import live_lines
from guanxi.kernel.records.parse import blank_draft, check_own_fields, check_references, read_values, refresh_keys
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.types import Change, Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def prepare(work: Work, target: Object, op: str, drafts: Sequence[Draft]) -> None:
    """Completes drafts of one kind; faults are noted on each draft."""
    shape = shape_of(work.catalog, target)
    good = [d for d in drafts if not d.errors]
    if op == "create":
        fill_defaults(work, shape, good)
        number(work, shape, good)
    draft_lines(work, target, good)
    settle_money(work, shape, good)
    run_rules(work, target.rules, "fill", good)
    settle_money(work, shape, good)
    refresh_keys(shape, good)
    run_rules(work, target.rules, "check", good)
    if op == "create":
        check_own_fields(work, shape, good)
    check_files(work, shape, [d for d in good if not d.errors])
    check(work, shape, [d for d in good if not d.errors])


def draft_lines(work: Work, target: Object, drafts: Sequence[Draft]) -> None:
    """Drafts of the lines, complete with rules, before the document's own rules add them up."""
    for line_name in target.lines:
        with_lines = [d for d in drafts if line_name in d.change.lines]
        if not with_lines:
            continue
        line = work.catalog.object(line_name)
        existing = live_lines(work, line, [d.id for d in with_lines if d.old is not None])
        for document in with_lines:
            document.lines[line_name] = _drafts_of(work, line, document, existing.get(document.id, {}))
        live = [d for doc in with_lines for d in doc.lines[line_name] if d.new["trashed_at"] is None]
        check_references(work, shape_of(work.catalog, line), live)
        prepare(work, line, "create", [d for d in live if d.old is None])
        prepare(work, line, "edit", [d for d in live if d.old is not None])
        for document in with_lines:
            _lift_errors(document, line_name)


def _drafts_of(work: Work, line: Object, document: Draft, rows: dict[int, Row]) -> list[Draft]:
    shape = shape_of(work.catalog, line)
    parent = shape.fields[line.parent or ""].field.column
    drafts: list[Draft] = []
    mentioned: set[int] = set()
    for change in document.change.lines[line.name]:
        if change.op == "create":
            draft = blank_draft(work, line, change, document.index)
            draft.new[parent] = document.id
        else:
            old = rows.get(change.id or 0)
            if old is None:
                document.error(line.name, msg("This line is not part of the document."), "not_found")
                continue
            mentioned.add(old["id"])
            draft = Draft(work, line, change, document.index, old, dict(old))
            if change.op == "trash":
                draft.new["trashed_at"] = work.now
        read_values(draft, shape)
        drafts.append(draft)
    untouched = [row for ident, row in rows.items() if ident not in mentioned]
    same = Change("edit", line.name)
    drafts += [Draft(work, line, replace(same, id=r["id"]), document.index, r, dict(r)) for r in untouched]
    return drafts


def _lift_errors(document: Draft, line_name: str) -> None:
    """A line's fault is the document's: named `opportunity_line[2].quantity`."""
    for place, draft in enumerate(document.lines[line_name]):
        for e in draft.errors:
            document.errors.append(FieldError(f"{line_name}[{place}].{e.field}", e.code, e.message, document.index))
