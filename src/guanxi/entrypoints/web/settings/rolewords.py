"""Rights in words: names of scopes, verbs, levels and abilities, what a role adds up to, what a change does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.i18n import L, Label
from guanxi.kernel.access.rights import EVERY, FieldRight, Rights, field_right
from guanxi.kernel.admin.role_change import MOST, LevelChange, RecordChange, RoleChange, rank
from guanxi.kernel.catalog.snapshot import Catalog

SCOPE_WORDS: Mapping[str, Label] = {
    "": L("as above", "同上"),
    "none": L("nothing", "没有"),
    "own": L("own", "自己的"),
    "team": L("team", "本团队"),
    "subtree": L("team and below", "本团队及下级"),
    "all": L("everything", "全部"),
}
VERB_WORDS: Mapping[str, Label] = {
    "create": L("Create", "新建"),
    "read": L("See", "查看"),
    "edit": L("Change", "修改"),
    "delete": L("Delete", "删除"),
    "export": L("Export", "导出"),
    "bulk": L("Bulk edit", "批量改"),
    "share": L("Share", "共享"),
    "transfer": L("Transfer", "转移"),
}
LEVEL_WORDS: Mapping[str, Label] = {
    "none": L("hidden", "看不到"),
    "masked": L("masked", "打码"),
    "read": L("may see", "只看"),
    "edit": L("may change", "可改"),
}
ABILITY_WORDS: Mapping[str, Label] = {
    "import": L("Import files", "导入文件"),
    "undo_others": L("Undo what others did", "撤销别人的改动"),
    "api": L("Use the API with a token", "用令牌调用接口"),
    "ai": L("Let an AI agent work in one's name", "让 AI 助手以自己的名义工作"),
    "print": L("Print", "打印"),
    "share_views": L("Share views with everyone", "把视图共享给所有人"),
    "reveal": L("Show masked values one by one, which is logged", "逐个查看打码的值（会记录）"),
}
SAYS: Mapping[str, Label] = {
    "admin": L("Sees and changes everything, settings included.", "能看、能改所有内容，包括设置。"),
    "every": L("Every object", "所有对象"),
    "others": L("All other objects", "其他对象"),
    "nothing": L("{name}: not visible.", "{name}：看不到。"),
    "read": L("sees {scope}", "看{scope}"),
    "edit": L("changes {scope}", "改{scope}"),
    "delete": L("deletes {scope}", "删{scope}"),
    "export": L("exports {scope}", "导出{scope}"),
    "create": L("may create", "可新建"),
    "no_edit": L("changes nothing", "不能改"),
    "no_delete": L("deletes nothing", "不能删"),
    "no_export": L("exports nothing", "不能导出"),
    "no_create": L("may not create", "不能新建"),
    "line": L("{name}: {parts}.", "{name}：{parts}。"),
    "hidden": L("Fields hidden: {n}.", "看不到 {n} 个字段。"),
    "masked": L("Fields masked: {n}.", "{n} 个字段打码显示。"),
    "includes": L("Includes: {list}.", "包含角色：{list}。"),
    "can": L("May: {list}.", "可以：{list}。"),
    "none": L("No role says anything yet: nothing is visible.", "还没有任何权限：什么都看不到。"),
}


def joined(words: list[str], language: str) -> str:
    """A list in a sentence."""
    return ("、" if language.startswith("zh") else ", ").join(words)


def summary(catalog: Catalog, spec: Mapping[str, Any], language: str) -> list[str]:
    """What somebody with this role alone sees and does, in a few sentences."""
    if spec.get("admin"):
        return [SAYS["admin"].in_(language)]
    objects = spec.get("objects", {})
    every = objects.get(EVERY, {})
    lines = []
    roles = catalog.config["role"]
    parts = [str(roles[int(r)]["name"]) for r in spec.get("includes", ()) if int(r) in roles]
    if parts:
        lines.append(SAYS["includes"].in_(language).format(list=joined(parts, language)))
    if objects or not parts:
        lines.append(sentence_of(SAYS["others" if len(objects) > 1 else "every"].in_(language), every, language))
    for name, said in objects.items():
        target = catalog.objects.get(name)
        if name != EVERY and target is not None and {**every, **said} != every:
            seen = {"read": "all"} if target.access == "all" else {}
            lines.append(sentence_of(target.plural.in_(language), {**every, **said, **seen}, language))
    for level, word in (("none", "hidden"), ("masked", "masked")):
        n = sum(field_right(one).level == level for one in spec.get("fields", {}).values())
        if n:
            lines.append(SAYS[word].in_(language).format(n=n))
    can = [ABILITY_WORDS[a].in_(language) for a in spec.get("abilities", ()) if a in ABILITY_WORDS]
    if can:
        text = "、".join(can) if language.startswith("zh") else "; ".join(c[0].lower() + c[1:] for c in can)
        lines.append(SAYS["can"].in_(language).format(list=text))
    return lines


def rights_in_words(catalog: Catalog, rights: Rights, language: str) -> list[str]:
    """What all roles of a person add up to."""
    if not (rights.admin or rights.objects or rights.abilities):
        return [SAYS["none"].in_(language)]
    spec = {
        "admin": rights.admin,
        "objects": rights.objects,
        "fields": {name: right.level for name, right in rights.fields.items()},
        "abilities": sorted(rights.abilities),
    }
    return summary(catalog, spec, language)


def sentence_of(name: str, said: Mapping[str, str], language: str) -> str:
    """One object: how far seeing, changing, deleting, exporting reach, and whether one may create."""
    if said.get("read", "none") == "none":
        return SAYS["nothing"].in_(language).format(name=name)
    parts = []
    for verb in ("read", "edit", "delete", "export", "create"):
        scope = said.get(verb, "none")
        text = SAYS[verb if scope != "none" else f"no_{verb}"].in_(language)
        parts.append(text.format(scope=SCOPE_WORDS.get(scope, SCOPE_WORDS["none"]).in_(language)))
    together = ("，" if language.startswith("zh") else ", ").join(parts)
    return SAYS["line"].in_(language).format(name=name, parts=together)


CHANGES: Mapping[str, Label] = {
    "person": L("1 person", "1 人"),
    "people": L("{n} people", "{n} 人"),
    "over": L("more than {n}", "超过 {n}"),
    "least": L("at least {n}", "至少 {n}"),
    "lose_read": L("{who} will no longer see {n} {objects}.", "{who}将看不到 {n} 条{objects}。"),
    "gain_read": L("{who} will see {n} more {objects}.", "{who}将多看到 {n} 条{objects}。"),
    "lose_create": L("{who} may no longer create {objects}.", "{who}不能再新建{objects}。"),
    "gain_create": L("{who} may now create {objects}.", "{who}可以新建{objects}。"),
    "lose": L("{who} may no longer {verb} {n} {objects}.", "{who}不能再{verb} {n} 条{objects}。"),
    "gain": L("{who} may now {verb} {n} {objects}.", "{who}可以{verb} {n} 条{objects}。"),
    "level": L("{who}: “{field}” of {objects} is {after} from now on, {before} so far.",
               "{who}：{objects}的「{field}」从「{before}」变为「{after}」。"),
    "when": L("{level} ({more} under a condition)", "{level}（满足条件时{more}）"),
    "lose_ability": L("{who} lose: {ability}.", "{who}失去：{ability}。"),
    "gain_ability": L("{who} gain: {ability}.", "{who}获得：{ability}。"),
    "admin": L("Administrator: everything, settings included", "管理员：所有内容，包括设置"),
    "same": L("Nobody gains or loses anything.", "没有人的权限有变化。"),
    "nobody": L("Nobody has this role yet.", "还没有人用这个角色。"),
    "partly": L("There is more than could be counted in a few seconds; the numbers are lower limits.",
                "数据太多，几秒内没数完；以上是下限。"),
}  # fmt: skip
DEEDS: Mapping[str, Label] = {
    "edit": L("change", "修改"),
    "export": L("export", "导出"),
    "delete": L("delete", "删除"),
    "bulk": L("bulk edit", "批量改"),
    "share": L("share", "共享"),
    "transfer": L("transfer", "转移"),
}


def change_in_words(catalog: Catalog, change: RoleChange, language: str) -> list[tuple[bool, str]]:
    """The difference as sentences, each with whether it takes something away; losses first."""
    lines = [(not line.gained, _records(catalog, line, language)) for line in change.records]
    lines += [(rank(line.after) < rank(line.before), _level(catalog, line, language)) for line in change.levels]
    for name, (gain, lose) in change.abilities.items():
        word = CHANGES["admin"] if name == "admin" else ABILITY_WORDS[name]
        for n, key in ((lose, "lose_ability"), (gain, "gain_ability")):
            if n:
                text = CHANGES[key].in_(language).format(who=_people(n, language), ability=word.in_(language))
                lines.append((n == lose and key == "lose_ability", text))
    lines.sort(key=lambda line: not line[0])
    if not lines:
        lines.append((False, CHANGES["same" if change.people else "nobody"].in_(language)))
    if not change.complete:
        lines.append((False, CHANGES["partly"].in_(language)))
    return lines


def _people(n: int, language: str) -> str:
    return CHANGES["person" if n == 1 else "people"].in_(language).format(n=n)


def _records(catalog: Catalog, line: RecordChange, language: str) -> str:
    number = f"{line.records:,}"
    if line.more:
        number = CHANGES["over" if line.records >= MOST else "least"].in_(language).format(n=number)
    side = "gain" if line.gained else "lose"
    key = f"{side}_{line.verb}" if line.verb in ("read", "create") else side
    verb = DEEDS[line.verb].in_(language) if line.verb in DEEDS else ""
    target = catalog.object(line.object)
    objects = target.plural.in_(language)
    if not language.startswith("zh"):
        objects = (target.label.in_(language) if line.records == 1 and not line.more else objects).lower()
    who = _people(line.people, language)
    return CHANGES[key].in_(language).format(who=who, n=number, objects=objects, verb=verb)


def _level(catalog: Catalog, line: LevelChange, language: str) -> str:
    target = catalog.object(line.object)
    return CHANGES["level"].in_(language).format(
        who=_people(line.people, language), field=catalog.field(target, line.field).label.in_(language),
        objects=target.plural.in_(language), before=right_in_words(line.before, language),
        after=right_in_words(line.after, language),
    )  # fmt: skip


def right_in_words(right: FieldRight, language: str) -> str:
    """A level, and what a condition makes of it."""
    text = LEVEL_WORDS[right.level].in_(language)
    if not right.better:
        return text
    more = joined([LEVEL_WORDS[level].in_(language) for _, level in right.better], language)
    return CHANGES["when"].in_(language).format(level=text, more=more)
