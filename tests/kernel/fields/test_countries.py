"""Countries in addresses: read in both languages, slips noticed, streets left in peace."""

import msgspec
import pytest

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import address
from guanxi.kernel.fields.base import ParseEnv, ParseError
from guanxi.kernel.fields.registry import TYPES

FIELD = address("address", L("Address", "地址"))


def parsed(text: str) -> dict[str, str]:
    value = TYPES["address"].parse(FIELD, text, ParseEnv())[0]
    return {} if value is None else msgspec.json.decode(value)


@pytest.mark.parametrize(
    ("text", "code"), [("Philippines", "PH"), ("united states", "US"), ("韩国", "KR"), ("德国", "DE")]
)
def test_a_country_alone_is_read_as_its_code(text: str, code: str) -> None:
    assert parsed(text) == {"country": code}


def test_a_slip_of_the_pen_is_noticed() -> None:
    with pytest.raises(ParseError, match="Philippines"):
        parsed("Philipines")


@pytest.mark.parametrize("text", ["Austin", "Indiana", "Korea", "12 Main Street, Turin", "Roman", "Nice"])
def test_other_places_stay_as_they_are(text: str) -> None:
    assert parsed(text)["street"] == text
