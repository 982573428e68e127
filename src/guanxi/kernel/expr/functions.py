"""The table of functions: signature, meaning in both languages, example. The guide is tested against it."""

from __future__ import annotations

from dataclasses import dataclass

from guanxi.base.i18n import L, Label


@dataclass(frozen=True, slots=True)
class Function:
    """`least`, `most`: number of arguments (most = None: any)."""

    name: str
    signature: str
    label: Label
    example: str
    least: int
    most: int | None


def _f(signature: str, en: str, zh: str, example: str, least: int, most: int | None) -> Function:
    return Function(signature.partition("(")[0], signature, L(en, zh), example, least, most)


_ALL = (
    _f("today()", "today's date, where you are", "今天（按你的时区）", "close_on < today()", 0, 0),
    _f("now()", "this moment", "此刻", "next_at < now()", 0, 0),
    _f(
        "days(n)",
        "n days, to add to a date or a time",
        "n 天，用来加减日期或时间",
        "close_on <= today() + days(30)",
        1,
        1,
    ),
    _f(
        "date(x)",
        "a date from text, or the local day of a time",
        "文字写的日期，或某个时间是哪一天",
        'close_on = date("2026-11-21")',
        1,
        1,
    ),
    _f(
        "datetime(text)",
        "a moment from text, local time if it names no zone",
        "文字写的时间，没写时区就按本地",
        'next_at < datetime("2026-11-21 18:00")',
        1,
        1,
    ),
    _f(
        "start_of(period, offset)",
        "first day of this day, week, month, quarter or year; offset 1 is the next one, -1 the last",
        "本日、周、月、季度或年的第一天；1 为下一个，-1 为上一个",
        'close_on >= start_of("month")',
        1,
        2,
    ),
    _f("year(date)", "year of a date or time", "年份", "year(close_on) = 2026", 1, 1),
    _f("quarter(date)", "quarter, 1 to 4", "季度，1 到 4", "quarter(close_on) = 4", 1, 1),
    _f("month(date)", "month, 1 to 12", "月份，1 到 12", "month(close_on) = 11", 1, 1),
    _f("day(date)", "day of the month", "几号", "day(close_on) = 1", 1, 1),
    _f("weekday(date)", "day of the week, Monday is 1", "星期几，周一是 1", "weekday(close_on) <= 5", 1, 1),
    _f(
        "starts_with(text, start)",
        "the text begins so; capitals matter",
        "以……开头，区分大小写",
        'starts_with(name, "张")',
        2,
        2,
    ),
    _f(
        "ends_with(text, end)",
        "the text ends so; capitals matter",
        "以……结尾，区分大小写",
        'ends_with(name, "公司")',
        2,
        2,
    ),
    _f(
        "contains(text, part)",
        "the part occurs in the text; capitals matter",
        "含有……，区分大小写",
        'contains(name, "科技")',
        2,
        2,
    ),
    _f("length(text)", "number of characters", "有几个字", "length(name) > 4", 1, 1),
    _f(
        "lower(text)",
        "A to Z in small letters, the rest as it is",
        "A 到 Z 变小写，其余不变",
        'contains(lower(name), "ltd")',
        1,
        1,
    ),
    _f("upper(text)", "a to z in capitals, the rest as it is", "a 到 z 变大写，其余不变", 'upper(name) = "IBM"', 1, 1),
    _f(
        "concat(text, …)",
        "the texts one after the other; empty ones are left out",
        "把几段文字接起来，空的跳过",
        'concat(name, "!") = "IBM!"',
        1,
        None,
    ),
    _f("is_empty(x)", "nothing is filled in", "没有填", "is_empty(close_on)", 1, 1),
    _f("coalesce(x, …)", "the first value that is filled in", "第一个有值的", "coalesce(amount, 0) < 100", 1, None),
    _f(
        "if(condition, a, b)",
        "a if the condition holds, otherwise b; b may be left out",
        "条件成立取 a，否则取 b；b 可不写",
        "if(amount > 100, 1, 2) = 1",
        2,
        3,
    ),
    _f("round(number, places)", "rounded half up", "四舍五入", "round(amount, 0) = 100", 1, 2),
    _f("abs(number)", "without its sign", "绝对值", "abs(amount) > 100", 1, 1),
    _f("min(x, …)", "the smallest of those filled in", "有值的里面最小的", "min(amount, 5) < 5", 1, None),
    _f("max(x, …)", "the largest of those filled in", "有值的里面最大的", "max(amount, 5) > 5", 1, None),
    _f(
        "has(set, value)",
        "the value is among the tags, choices or links",
        "标签、多选或关联里有这一个",
        'has(tags, "vip")',
        2,
        2,
    ),
    _f(
        "has_any(set, values)", "at least one of the values is", "至少有其中一个", 'has_any(tags, ["vip", "new"])', 2, 2
    ),
    _f("has_all(set, values)", "all of the values are", "全都有", 'has_all(tags, ["vip", "new"])', 2, 2),
    _f("me()", "you, as a user", "你自己", "owner = me()", 0, 0),
    _f("my_team()", "your team", "你的团队", "team = my_team()", 0, 0),
    _f(
        "my_teams()",
        "your team and those below it; after in",
        "你的团队和下级团队，写在 in 后面",
        "team in my_teams()",
        0,
        0,
    ),
)
FUNCTIONS: dict[str, Function] = {f.name: f for f in _ALL}
