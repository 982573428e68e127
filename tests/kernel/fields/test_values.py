"""What each type takes and stores, where it is more than obvious."""

import json

import pytest

from guanxi.base.i18n import Locale
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.registry import TYPES
from tests.kernel.fields.samples import ENV, sample


def parse(kind, raw, **options):
    return TYPES[kind].parse(sample(kind, **options), raw, ENV)


@pytest.mark.parametrize(
    ("kind", "raw", "stored"),
    [
        ("text", "  a\r\nb ", "a b"),
        ("text", "   ", None),
        ("text", 42.0, "42"),
        ("text", "e\u0301", "é"),
        ("long_text", "a\r\n b\n", "a\n b"),
        ("integer", "1,200", 1200),
        ("integer", 3.0, 3),
        ("integer", "-7", -7),
        ("integer", "1.2万", 12000),
        ("decimal", "12.5", 125_000),
        ("decimal", 0.1, 1000),
        ("percent", "12.5%", 1250),
        ("percent", 12.5, 1250),
        ("percent", "１２％", 1200),
        ("boolean", "是", 1),
        ("boolean", "No", 0),
        ("boolean", False, 0),
        ("choice", "WON", "won"),
        ("choice", "赢单", "won"),
        ("choice", "new", "new"),
        ("multi_choice", "赢单, New", '["new","won"]'),
        ("tags", "展会、VIP, vip", '["VIP","展会"]'),
        ("links", ["5", 3, "5"], '["3","5"]'),
        ("lookup", " 12 ", 12),
        ("user", 12, 12),
        ("email", "Li Wei <Li@Example.COM>", "li@example.com"),
        ("email", "李@例子.中国", "李@例子.中国"),
        ("phone", "138 0000 1234", "+8613800001234"),
        ("phone", "0512-6288 1234 转 801", "+8651262881234;ext=801"),
        ("phone", "+49 30 901820", "+4930901820"),
        ("url", "example.com/a", "https://example.com/a"),
        ("url", "HTTP://x.cn", "http://x.cn"),
        ("date", "2026年11月21日", 20_778),
        ("auto_number", "A-1", "A-1"),
        ("files", "3;1", '["1","3"]'),
    ],
)
def test_stored_form(kind, raw, stored):
    assert parse(kind, raw)[0] == stored


def test_money_keeps_currency_and_base():
    assert parse("money", "1.2万") == (120_000_000, "CNY", 120_000_000)
    assert parse("money", "$100") == (1_000_000, "USD", 7_150_000)
    assert parse("money", {"amount": "1234.50", "currency": "CNY"}) == (12_345_000, "CNY", 12_345_000)
    with pytest.raises(ParseError, match="no exchange rate for EUR"):
        parse("money", "€5")


def test_lookup_to_several_kinds():
    both = {"to": ("account", "contact")}
    assert parse("lookup", "contact:12", **both) == (12, "contact")
    assert parse("lookup", {"object": "account", "id": "7"}, **both) == (7, "account")
    with pytest.raises(ParseError, match="which kind"):
        parse("lookup", "12", **both)
    with pytest.raises(ParseError, match="only: account, contact"):
        parse("lookup", "lead:12", **both)


@pytest.mark.parametrize(
    ("kind", "raw", "words"),
    [
        ("choice", "wonn", "Did you mean “won”"),
        ("choice", "zzz", "new, won"),
        ("choice", "old", "no longer offered"),
        ("integer", "1.5", "not a whole number"),
        ("integer", "5 apples", "1200"),
        ("date", "1/2/2026", "two days"),
        ("phone", "12", "138 0000 1234"),
        ("email", "a@b", "li@example.com"),
        ("url", "javascript:alert(1)", "https://"),
        ("boolean", "maybe", "yes / no"),
        ("address", "江酥省苏州市", "江苏"),
        ("image", "1,2", "one picture"),
        ("text", "x" * 300, "at most 255"),
        ("tags", ["a,b"], "separator"),
    ],
)
def test_errors_say_what_and_how(kind, raw, words):
    with pytest.raises(ParseError, match=words):
        parse(kind, raw)


def test_limits_are_in_stored_form():
    assert parse("decimal", "5", min=0, max=50_000) == (50_000,)
    with pytest.raises(ParseError, match="at most 5 fits"):
        parse("decimal", "5.1", min=0, max=50_000)


@pytest.mark.parametrize(
    ("raw", "region", "parts"),
    [
        (
            "江苏省苏州市工业园区星湖街328号",
            "320500",
            {"city": "苏州市", "district": "工业园区", "street": "星湖街328号"},
        ),
        ("江苏 / 苏州", "320500", {"province": "江苏省", "city": "苏州市"}),
        ("北京市朝阳区建国路1号", "110105", {"province": "北京市", "city": "北京市", "district": "朝阳区"}),
        ("上海市市辖区浦东新区世纪大道100号", "310115", {"district": "浦东新区", "street": "世纪大道100号"}),
        ("江苏省昆山市前进路 215300", "320583", {"city": "苏州市", "district": "昆山市", "postcode": "215300"}),
        ("苏州市姑苏区", "320508", {"province": "江苏省"}),
        ("内蒙古呼和浩特", "150100", {"province": "内蒙古自治区"}),
        ("湖北省仙桃市沔阳大道", "429004", {"city": "仙桃市", "street": "沔阳大道"}),
        ("延边朝鲜族自治州延吉市", "222401", {"province": "吉林省", "district": "延吉市"}),
        ({"province": "江苏", "city": "苏州"}, "320500", {"city": "苏州市"}),
        ({"region": "320508"}, "320508", {"district": "姑苏区"}),
        ({"country": "DE", "city": "Berlin", "street": "Platz 1"}, None, {"city": "Berlin"}),
        ("1 Main St, Springfield", None, {"street": "1 Main St, Springfield"}),
    ],
)
def test_addresses(raw, region, parts):
    stored, code = parse("address", raw)
    assert code == region
    assert parts.items() <= json.loads(stored).items()


def test_people_see_their_own_forms():
    def show(kind, *values, language="zh-CN", **options):
        return TYPES[kind].show(sample(kind, **options), values, Locale(language))

    assert show("phone", "+8613800001234") == "138 0000 1234"
    assert show("phone", "+8651262881234;ext=801", language="en").endswith("ext. 801")
    assert show("money", 12_345_678_000, "CNY", 0) == "¥1,234,567.80"
    assert show("choice", "won") == "赢单"
    assert show("multi_choice", '["new","won"]', language="en") == "New, Won"
    assert show("boolean", 1, language="en") == "Yes"
    assert show("datetime", 0) == "1970-01-01 08:00"
    assert show("address", *parse("address", "北京市朝阳区建国路1号")) == "北京市朝阳区建国路1号"
