"""Objects: the list of all, adding one's own, retiring and restoring them."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.base.i18n import Label
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, speaker, text_of
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.shell import AREAS, see_other
from guanxi.kernel.admin.objects import add_object, restore_object, retire_object
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.rows import ObjectSpec
from guanxi.kernel.catalog.snapshot import Catalog

PLACE = "/settings/objects"
INNER = frozenset({"view", "notification", "follow"})
ICONS = ("box", "briefcase", "building", "calendar", "car", "clipboard-list", "coin", "device-desktop", "file-text",
         "flag", "gift", "map-pin", "package", "phone", "receipt", "school",
         "settings", "star", "tool", "users")  # fmt: skip


def designable(catalog: Catalog) -> list[Object]:
    """Objects people work with: those in the side bar first, then lines and activities."""
    found = [o for o in catalog.objects.values() if o.kind != "config" and o.name not in INNER]
    return sorted(found, key=lambda o: (not o.area, o.custom))


def show_objects(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The list with numbers of fields, and the form of a new object."""
    me = administrator(request)
    retired = [o for o in me.catalog.objects_by_id.values() if o.retired]
    return setting_page(
        request, me, "objects", PLACE, errors=errors, status=status, objects=designable(me.catalog), retired=retired,
        value=given_or(given, {"icon": "box"}), areas=areas_of(me.catalog), icons=ICONS, adding=given is not None,
    )  # fmt: skip


def areas_of(catalog: Catalog) -> list[tuple[str, Label]]:
    """Groups of the side bar, those in use and the own one."""
    used = dict.fromkeys([*(o.area for o in catalog.objects.values() if o.area), "custom"])
    own = Label("Own objects", "自建对象")
    return [(name, AREAS.get(name) or (own if name == "custom" else Label(name.title(), name))) for name in used]


def label_of(form: FormData, name: str) -> Label | None:
    """Both languages of a label; one given alone stands for both."""
    zh, en = text_of(form, f"{name}_zh"), text_of(form, f"{name}_en")
    return Label(en or zh, zh or en) if en or zh else None


def make_object(_request: Request, me: Visit, form: FormData) -> Response:
    """A new object with its real table; it is in the side bar, the API and import at once."""
    t = speaker(me.locale)
    label = label_of(form, "label")
    if label is None:
        text = msg("An object needs a name.")
        raise Invalid(text, errors=[FieldError("label_zh", "required", text)])
    icon, area = text_of(form, "icon"), text_of(form, "area")
    spec = ObjectSpec(label=label, plural=label_of(form, "plural") or label, icon=icon if icon in ICONS else "box",
                      area=area if area in dict(areas_of(me.catalog)) else "custom", kind="record")  # fmt: skip
    with me.space.write(me.user, kind="settings", catalog_change=True) as work:
        made = add_object(work, spec)
    return see_other(f"{PLACE}/{made.name}", note=t("Object “{name}” made; now add its fields", name=label))


def retire(request: Request, me: Visit, _form: FormData) -> Response:
    """Out of sight, records kept."""
    t, name = speaker(me.locale), str(request.path_params["name"])
    with me.space.write(me.user, kind="settings", catalog_change=True) as work:
        retire_object(work, name)
    return see_other(PLACE, note=t("Object retired; its records are kept and come back with it"))


def bring_back(request: Request, me: Visit, _form: FormData) -> Response:
    """Back with all records."""
    t, name = speaker(me.locale), str(request.path_params["name"])
    with me.space.write(me.user, kind="settings", catalog_change=True) as work:
        restore_object(work, name)
    return see_other(f"{PLACE}/{name}", note=t("Object restored"))
