"""GS1: is this text an article, a pallet or a link to one, rather than a person?

The reading itself is done by `biip`. Importing it costs about 0.24 s and 25 MB (measured, x86), so
what a till scans all day is recognised without it and it is loaded for the rest only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from biip import ParseResult

# What FNC1 becomes in the data of a GS1 code: the ASCII group separator.
GROUP_SEPARATOR = "\x1d"

# AIM identifiers that are GS1 by definition: EAN/UPC, ITF-14, GS1-128, DataBar, DataMatrix, QR and
# DotCode.
GS1_SYMBOLOGIES = frozenset(
    {"E0", "E1", "E2", "E3", "E4", "I1", "C1", "e0", "e1", "e2", "d2", "Q3", "J1"}
)

# Digits of GTIN-8, -12, -13, -14 and SSCC.
KEY_LENGTHS = frozenset({8, 12, 13, 14, 18})

# Element strings that start with a GTIN (01, 02) or an SSCC (00), bare or written with brackets.
_LEADING_KEY = re.compile(r"(?:\(0[12]\)|0[12])([0-9]{14})|(?:\(00\)|00)([0-9]{18})")
_LINK = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProductCode:
    """What GS1 data says. `elements` are (application identifier, value) in their order."""

    gtin: str | None = None
    sscc: str | None = None
    elements: tuple[tuple[str, str], ...] = ()


def is_product(text: str, symbology: str | None, gs_replacement: str = "") -> bool:
    """True for GS1 data. `gs_replacement` is what the scanner sends for the group separator."""
    if symbology in GS1_SYMBOLOGIES:
        return True
    if _is_bare_key(text):
        return _has_check_digit(text)
    leading = _LEADING_KEY.match(text)
    if leading is not None and _has_check_digit(leading[1] or leading[2]):
        return True
    return read_product(text, symbology, gs_replacement) is not None


def read_product(text: str, symbology: str | None, gs_replacement: str = "") -> ProductCode | None:
    """The GS1 keys and elements of `text`, or None when it holds none that can be read."""
    if gs_replacement:
        text = text.replace(gs_replacement, GROUP_SEPARATOR)
    if not _is_worth_parsing(text, symbology):
        return None
    from biip import ParseError, parse  # noqa: PLC0415  heavy, see above

    prefix = f"]{symbology}" if symbology in GS1_SYMBOLOGIES else ""
    try:
        result = parse(prefix + _bare(text))
    except (ParseError, ValueError):  # biip lets urlsplit's ValueError through
        return None
    # biip reads a bare key as elements too: EAN 4006... as "customer order 6..."
    return _product(result, with_elements=bool(prefix) or not _is_bare_key(text))


def _product(result: ParseResult, *, with_elements: bool) -> ProductCode | None:
    holder = (result.gs1_message or result.gs1_digital_link_uri) if with_elements else None
    elements = tuple((e.ai.ai, e.value) for e in holder.element_strings) if holder else ()
    gtin = result.gtin.value if result.gtin else None
    sscc = result.sscc.value if result.sscc else None
    return ProductCode(gtin, sscc, elements) if gtin or sscc or elements else None


def _is_bare_key(text: str) -> bool:
    """True for digits that have the length of a GTIN or an SSCC."""
    return len(text) in KEY_LENGTHS and text.isascii() and text.isdigit()


def _is_worth_parsing(text: str, symbology: str | None) -> bool:
    """False for what biip would read too much into, such as a member number that starts with 10."""
    if not text.isascii():
        return False
    return (
        symbology in GS1_SYMBOLOGIES
        or GROUP_SEPARATOR in text
        or _is_bare_key(text)
        or _LINK.match(text) is not None
        or _LEADING_KEY.match(text) is not None
    )


def _bare(text: str) -> str:
    """As biip wants it: a link's scheme in lower case, `(01)...(10)...` without brackets."""
    link = _LINK.match(text)
    if link is not None:
        return text[: link.end()].lower() + text[link.end() :]
    if _LEADING_KEY.match(text) is None or text[0] != "(":
        return text
    return re.sub(r"\(([0-9]{2,4})\)", GROUP_SEPARATOR + r"\1", text).removeprefix(GROUP_SEPARATOR)


def _has_check_digit(key: str) -> bool:
    """GS1's modulo-10 check over `key`, weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(key)))
    return total % 10 == 0
