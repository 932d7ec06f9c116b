"""Money for receivers that want decimals: `12.90` for 1290 cents, `1290` for as many yen."""

from __future__ import annotations

from decimal import Decimal

# ISO 4217, all others have two. CLDR's table, which Babel brings, is about what one shows: it has
# no digits for the Serbian dinar, whose minor unit still counts in a ledger.
_DIGITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


def in_units(amount_minor: int, currency: str) -> Decimal:
    """An amount in the currency's main unit, with exactly as many digits as it has."""
    return Decimal(amount_minor).scaleb(-_DIGITS.get(currency, 2))
