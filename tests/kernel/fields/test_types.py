"""What every field type promises: its example works, JSON comes back as it went, rubbish is refused in words."""

import datetime as dt
import decimal
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.base.i18n import Locale
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.operators import OPERATORS
from guanxi.kernel.fields.registry import STORED, TYPES
from tests.kernel.fields.samples import ENV, sample

SAMPLES = [sample(name) for name in STORED] + [
    sample("text", sortable=True),
    sample("email", sortable=True),
    sample("lookup", to=("account", "contact")),
    sample("decimal", scale=0),
]
RUBBISH = [
    "x\0y",
    "\0",
    "\ud800",
    "a\udfff",
    "😀" * 3,
    "\u202eمرحبا",
    "x" * 10_000_000,
    10**400,
    -(10**30),
    2**63,
    -1,
    float("nan"),
    float("inf"),
    1e308,
    1e-308,
    "nan",
    "inf",
    "1e999",
    "-",
    "[",
    "[[",
    "{",
    '{"a":',
    "[" * 5000,
    [],
    {},
    [[]],
    [{}],
    {"id": None},
    {"amount": []},
    {"amount": 1, "currency": 5},
    {"amount": "1", "currency": "\0"},
    {"country": "\ud800"},
    {"region": []},
    {"region": "999999"},
    {1: 2},
    [None],
    [float("nan")],
    ["x"] * 5000,
    True,
    False,
    object(),
    b"bytes",
    "javascript:alert(1)",
    "http://[",
    "http://[::1",
    "a@b",
    "@",
    "..@..",
    "+",
    "+" * 50,
    "+86" + "1" * 300,
    "0000-00-00",
    "2026-99-99T99:99",
    "﷽" * 300,
    "９" * 50,
    "١٢٣",
    "½",
    "1,2,3",
    decimal.Decimal("NaN"),
    decimal.Decimal("sNaN"),
    decimal.Decimal("1e400"),
    dt.date.min,
    dt.date.max,
    dt.datetime.min,
    dt.datetime.max,
    dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-12))),
    dt.time(1),
    dt.timedelta(9),
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00+14:00",
    "99999 天前",
    "in 99999 days",
    {"object": [], "id": 1},
    "account:",
    ":",
    (1, 2),
    {1},
]


def ids(value):
    return f"{value.type} {' '.join(value.options)}".strip()


@pytest.mark.parametrize("field", SAMPLES, ids=ids)
def test_the_example_is_taken_and_json_comes_back(field):
    kind = TYPES[field.type]
    values = kind.parse(field, kind.example(field), ENV)
    assert len(values) == len(kind.columns(field))
    assert values[0] is not None
    for value, column in zip(values, kind.columns(field), strict=True):
        if column.suffix == "__k":
            assert value is None  # sort keys are made once, when all rules have run
        else:
            assert isinstance(value, int if column.storage == "INT" else str)
    sent = json.loads(json.dumps(kind.to_json(field, values)))
    assert kind.parse(field, sent, ENV) == values
    for language in ("en", "zh-CN"):
        assert kind.show(field, values, Locale(language))
    assert all(kind.search(field, values))


@pytest.mark.parametrize("field", SAMPLES, ids=ids)
def test_nothing_is_shown_as_nothing(field):
    kind = TYPES[field.type]
    empty = (None,) * len(kind.columns(field))
    assert kind.show(field, empty, Locale()) == ""
    assert kind.to_json(field, empty) in (None, [])
    assert kind.search(field, empty) == ()


@pytest.mark.parametrize("field", SAMPLES, ids=ids)
def test_rubbish_is_refused_in_words_or_stored_safely(field):
    for raw in RUBBISH:
        check_any(field, raw)


def attempt(field, raw):
    """The parsed values, or how they were refused; any other exception is a defect."""
    try:
        return TYPES[field.type].parse(field, raw, ENV), None
    except ParseError as error:
        return (), error


def check_any(field, raw):
    kind = TYPES[field.type]
    values, refusal = attempt(field, raw)
    if refusal is not None:
        assert refusal.code
        assert str(refusal)
        assert "\0" not in str(refusal)
        str(refusal).encode()
        return
    assert len(values) == len(kind.columns(field))
    for value, column in zip(values, kind.columns(field), strict=True):
        if value is None:
            continue
        if column.storage == "INT":
            assert type(value) is int
            assert -(2**63) <= value < 2**63
        else:
            assert value
            assert "\0" not in value
            value.encode()
    if values[0] is not None:
        assert kind.parse(field, kind.to_json(field, values), ENV) == values
        kind.show(field, values, Locale())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "amount", "currency", "object", "city", "province", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("field", SAMPLES, ids=ids)
@given(raw=JSON.filter(lambda v: v not in (None, "")))
def test_no_json_value_breaks_a_type(field, raw):
    check_any(field, raw)


@pytest.mark.parametrize("field", SAMPLES, ids=ids)
@given(
    raw=st.text(
        st.sampled_from("0123456789 .,-+/:年月日号点分%¥$万(){}[]\"'@省市区江苏abTZ下午天前\n"), min_size=1, max_size=16
    )
)
def test_no_text_near_the_truth_breaks_a_type(field, raw):
    check_any(field, raw)


def test_a_formula_is_never_written():
    with pytest.raises(ParseError, match="computed"):
        TYPES["formula"].parse(sample("formula"), "1", ENV)
    assert TYPES["formula"].show(sample("formula"), (12_5000,), Locale()) == "12.5"
    assert TYPES["formula"].to_json(sample("formula", result="date"), (20_778,)) == "2026-11-21"


def test_types_name_known_operators():
    assert {op for kind in TYPES.values() for op in kind.operators} == set(OPERATORS)
    assert all(name == kind.name for name, kind in TYPES.items())
