"""Pipelines and their stages: order by drag or keys, probability, what a stage asks for, when a deal rots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.base.money import plain
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, ident_of, speaker, text_of, texts_of, ticked
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.users import undo_link
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.catalog.rows import Row
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PLACE = "/settings/pipelines"
TEXTS = ("name", "name_en", "kind", "probability", "rotting_days", "tasks", "resource")
EMPTY: Mapping[str, Any] = {"kind": "open", "active": 1}


def pipelines_of(catalog: Catalog) -> list[Row]:
    """In their order; NotFound where the sales app is switched off."""
    if "stage" not in catalog.config:
        raise NotFound
    return sorted(catalog.config["pipeline"].values(), key=lambda r: (r["position"] or 0, r["id"]))


def stages_of(catalog: Catalog, pipeline: int) -> list[Row]:
    """Stages of a pipeline in their order, probability as people write it."""
    rows = [r for r in catalog.config["stage"].values() if r["pipeline"] == pipeline]
    rows.sort(key=lambda r: (r["position"] or 0, r["id"]))
    return [{**r, "probability": plain(r["probability"] or 0, 2),
             "requires": msgspec.json.decode(r["requires"] or b"[]")} for r in rows]  # fmt: skip


def gate_fields(catalog: Catalog) -> list[Field]:
    """Fields a stage may ask for."""
    stepped = (o for o in catalog.objects.values() if o.steps is not None and o.steps.pipeline)
    target = next(stepped, None)
    return [f for f in target.fields if not f.hidden and not f.read_only] if target else []


def show_pipelines(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The pipelines as tabs, the stages of the chosen one as an ordered list."""
    me = administrator(request)
    pipelines = pipelines_of(me.catalog)
    ident = ident_of(request) if "id" in request.path_params else (pipelines[0]["id"] if pipelines else 0)
    chosen = me.catalog.config["pipeline"].get(ident)
    if chosen is None and ident:
        raise NotFound
    kinds = me.catalog.field(me.catalog.object("stage"), "kind").options["choices"]
    return setting_page(
        request, me, "pipelines", PLACE, errors=errors, status=status, pipelines=pipelines, chosen=chosen,
        stages=stages_of(me.catalog, ident), kinds={c.key: c for c in kinds}, value=given_or(given, {}),
        fields={f.name: f for f in gate_fields(me.catalog)},
    )  # fmt: skip


def show_stage(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """One stage, or a new one of a pipeline."""
    me = administrator(request)
    pipelines_of(me.catalog)
    pipeline = ident_of(request)
    stage = ident_of(request, "stage") if "stage" in request.path_params else 0
    row: Mapping[str, Any] | None = EMPTY
    if stage:
        row = next((r for r in stages_of(me.catalog, pipeline) if r["id"] == stage), None)
    if row is None or pipeline not in me.catalog.config["pipeline"]:
        raise NotFound
    kinds = me.catalog.field(me.catalog.object("stage"), "kind").options["choices"]
    requires = texts_of(given, "requires") if given is not None else row.get("requires", [])
    return setting_page(
        request, me, "stage", PLACE, errors=errors, status=status, pipeline=me.catalog.config["pipeline"][pipeline],
        stage=stage, row=row, value=given_or(given, row), kinds=kinds, requires=requires,
        fields=gate_fields(me.catalog),
    )  # fmt: skip


def save_pipeline(request: Request, me: Visit, form: FormData) -> Response:
    """Adds a pipeline, or renames the one in the address."""
    t = speaker(me.locale)
    ident = ident_of(request) if "id" in request.path_params else None
    values: dict[str, Any] = {"name": text_of(form, "name"), "name_en": text_of(form, "name_en")}
    if ident is None:
        values["position"] = len(pipelines_of(me.catalog)) + 1
    else:
        values["active"] = ticked(form, "active")
    with me.space.write(me.user) as work:
        saved = save(work, [Change("edit" if ident else "create", "pipeline", values, id=ident)])
    return see_other(f"{PLACE}/{saved.id}", note=t("Pipeline saved"), undo=undo_link(saved.operation))


def save_stage(request: Request, me: Visit, form: FormData) -> Response:
    """Adds a stage at the end of its pipeline, or changes one."""
    t, pipeline = speaker(me.locale), ident_of(request)
    stage = ident_of(request, "stage") if "stage" in request.path_params else None
    values: dict[str, Any] = {name: text_of(form, name) for name in TEXTS}
    values |= {"requires": texts_of(form, "requires"), "active": ticked(form, "active")}
    if stage is None:
        values |= {"pipeline": str(pipeline), "position": len(stages_of(me.catalog, pipeline)) + 1}
    with me.space.write(me.user) as work:
        saved = save(work, [Change("edit" if stage else "create", "stage", values, id=stage)])
    return see_other(f"{PLACE}/{pipeline}", note=t("Stage saved"), undo=undo_link(saved.operation))


def order_stages(request: Request, me: Visit, form: FormData) -> Response:
    """The order of the page becomes the order of the pipeline."""
    t, pipeline = speaker(me.locale), ident_of(request)
    known = {str(r["id"]): r for r in stages_of(me.catalog, pipeline)}
    wanted = [i for i in dict.fromkeys(texts_of(form, "order")) if i in known]
    wanted += [i for i in known if i not in wanted]
    changes = [
        Change("edit", "stage", {"position": place}, id=int(ident))
        for place, ident in enumerate(wanted, 1)
        if known[ident]["position"] != place
    ]
    with me.space.write(me.user) as work:
        saved = save(work, changes)
    return see_other(f"{PLACE}/{pipeline}", note=t("Order saved"), undo=undo_link(saved.operation))


def drop_stage(request: Request, me: Visit, _form: FormData) -> Response:
    """Into the trash; refused while deals stand in it."""
    t, pipeline = speaker(me.locale), ident_of(request)
    with me.space.write(me.user) as work:
        saved = save(work, [Change("trash", "stage", id=ident_of(request, "stage"))])
    return see_other(f"{PLACE}/{pipeline}", note=t("Stage deleted"), undo=undo_link(saved.operation))
