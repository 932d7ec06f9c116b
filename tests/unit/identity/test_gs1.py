"""Articles are not persons, and a pass in the map is one whatever its digits look like."""

from __future__ import annotations

import subprocess
import sys

import pytest
from unit.identity.pass_builders import MemoryBook, scan, static_pass

from store_agent.domain.scan import ScanKind, ScanReason
from store_agent.identity.symbology import ProductCode, is_product, read_product

EAN = "4006381333931"
PRODUCTS = [
    (EAN, None),
    ("]E04006381333931", None),
    (EAN, "E0"),
    ("96385074", None),
    ("614141000036", None),
    ("10614141000415", None),
    ("340123450000000000", None),
    ("]C1010400638133393110LOT\x1d2112345", None),
    ("]d201040063813339311012\x1d17261231", None),
    ("]Q3010761234567890010ABC", None),
    ("0104006381333931", None),
    ("010400638133393110LOT", None),
    ("(01)04006381333931(10)LOT", None),
    ("10LOT\x1d17261231", None),
    ("https://id.gs1.org/01/09506000134352", None),
    ("HTTPS://example.com/01/09506000134352", None),
    ("https://example.com/some/path/01/09506000134352/10/ABC", None),
]


@pytest.mark.parametrize(("data", "symbology"), PRODUCTS)
def test_an_article_is_a_product_and_no_pass(data: str, symbology: str | None) -> None:
    found = scan(data, MemoryBook(), symbology=symbology)
    assert (found.kind, found.reason) == (ScanKind.PRODUCT, ScanReason.NOT_A_PASS)


@pytest.mark.parametrize(
    "data",
    [
        "4006381333932",  # wrong check digit
        "1012345678",  # a member number, not "lot 12345678"
        "123456",
        "https://example.com/x",
        "https://example.com/01/nonsense",
        "http://[",
        "CUSTOMER-17",
        "\uff12\uff10\uff10\uff16\uff12\uff10\uff10\uff16",
    ],
)
def test_what_is_no_article_is_an_unknown_pass(data: str) -> None:
    found = scan(data, MemoryBook())
    assert (found.kind, found.reason) == (ScanKind.UNKNOWN, ScanReason.UNKNOWN_PASS)


@pytest.mark.parametrize(("data", "symbology"), [(EAN, None), (EAN, "E0"), ("]E0" + EAN, None)])
def test_an_ean_in_the_pass_map_is_a_pass(data: str, symbology: str | None) -> None:
    found = scan(data, MemoryBook([static_pass(EAN)]), symbology=symbology)
    assert (found.kind, found.customer_id) == (ScanKind.STATIC_PASS, "c-musterfrau")


def test_a_replaced_group_separator_is_put_back() -> None:
    data = "10LOT{GS}17261231"
    assert scan(data, MemoryBook()).kind is ScanKind.UNKNOWN
    assert scan(data, MemoryBook(), gs_replacement="{GS}").kind is ScanKind.PRODUCT


def test_the_elements_of_gs1_data_are_read() -> None:
    assert read_product("010400638133393110LOT\x1d2112345", "C1") == ProductCode(
        "04006381333931", None, (("01", "04006381333931"), ("10", "LOT"), ("21", "12345"))
    )
    assert read_product("(01)04006381333931(10)LOT", None) == ProductCode(
        "04006381333931", None, (("01", "04006381333931"), ("10", "LOT"))
    )


def test_every_single_wrong_digit_is_noticed() -> None:
    for place in range(len(EAN)):
        for digit in set("0123456789") - {EAN[place]}:
            assert not is_product(EAN[:place] + digit + EAN[place + 1 :], None)


def test_the_heavy_library_stays_out_until_it_is_needed() -> None:
    code = (
        "import sys; from store_agent.identity import decode, resolve, symbology;"
        "assert symbology.is_product('4006381333931', None);"
        "assert symbology.is_product('4006381333931', 'E0');"
        "assert not symbology.is_product('unknown', None);"
        "assert 'biip' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=4)
