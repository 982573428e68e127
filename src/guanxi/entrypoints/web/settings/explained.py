"""What saving a record runs, in order, with the place in the code."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.base.i18n import L
from guanxi.entrypoints.web.posting import administrator
from guanxi.entrypoints.web.settings.frame import setting_page
from guanxi.entrypoints.web.settings.objects import designable
from guanxi.kernel.explain import explain

PLACE = "/settings/explain"
STAGES = {
    "may": L("Rights", "权限"),
    "parse": L("Reading", "读入"),
    "default": L("Defaults", "默认值"),
    "number": L("Numbers", "编号"),
    "lines": L("Lines", "明细"),
    "fill": L("Filling", "补全"),
    "check": L("Checks", "检查"),
    "constraint": L("Limits", "约束"),
    "log": L("Log", "日志"),
    "follower": L("Afterwards", "之后"),
    "reaction": L("Reactions", "后续动作"),
}


def show_explain(request: Request) -> Response:
    """The steps of one object; `?object=` chooses it."""
    me = administrator(request)
    objects = designable(me.catalog)
    wanted = request.query_params.get("object") or (objects[0].name if objects else "")
    target = next((o for o in objects if o.name == wanted), None)
    if target is None:
        raise NotFound
    steps = explain(me.catalog, target.name)
    return setting_page(request, me, "explain", PLACE, objects=objects, target=target, steps=steps, stages=STAGES)
