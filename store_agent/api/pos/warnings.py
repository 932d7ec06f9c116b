"""What a return could not do, as sentences for the cashier."""

from __future__ import annotations

_DE = {
    "unknown_sale": "Diesen Einkauf kennen wir nicht; Gutscheine und Punkte bleiben, wie sie sind.",
    "sale_was_voided": "Dieser Einkauf wurde bereits storniert.",
    "unknown_line": "Dieser Artikel steht nicht auf dem Bon.",
    "more_than_sold": "Es wurde weniger verkauft, als zurückkommen soll.",
}
_EN = {
    "unknown_sale": "We do not know this purchase; vouchers and points stay as they are.",
    "sale_was_voided": "This purchase has been cancelled before.",
    "unknown_line": "This article is not on the receipt.",
    "more_than_sold": "Less was sold than is to come back.",
}


def text_of(code: str, language: str) -> str:
    """The sentence of a warning such as `more_than_sold:1`."""
    return (_DE if language == "de" else _EN)[code.partition(":")[0]]
