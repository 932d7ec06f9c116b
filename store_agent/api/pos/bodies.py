"""What tills send. Money is integer minor units, quantities decimal strings, extra is ignored."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from store_agent.domain.basket import Basket, BasketLine

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Word = Annotated[str, StringConstraints(max_length=128)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
MinorUnits = Annotated[int, Field(strict=True, ge=-(10**12), le=10**12)]
Price = Annotated[int, Field(strict=True, ge=-(10**9), le=10**9)]
Qty = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,6}(\.[0-9]{1,3})?$")]
Rate = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?$")]
Revision = Annotated[int, Field(strict=True, ge=0, le=2**53)]
MAX_LINES = 1000


class Body(BaseModel):
    """Unknown fields are ignored: tills send what they have."""

    model_config = ConfigDict(extra="ignore")


class LineBody(Body):
    """One basket line. A negative `qty` is a return line, like `is_return`."""

    line_id: Name
    sku: Name
    qty: Qty
    unit_price: Price
    regular_price: Price | None = None
    gtin: Word = ""
    tax_code: Word = ""
    tax_rate: Rate | None = Field(None, description="percent; where prices exclude tax")
    category: Annotated[list[Word], Field(max_length=32)] = []
    discountable: bool = True
    is_return: bool = False

    def line(self) -> BasketLine:
        """As the rules read it."""
        qty = Decimal(self.qty)
        return BasketLine(
            self.line_id,
            self.sku,
            abs(qty),
            self.unit_price,
            self.regular_price,
            self.gtin,
            self.tax_code,
            None if self.tax_rate is None else Decimal(self.tax_rate),
            tuple(self.category),
            self.discountable,
            self.is_return or qty < 0 or self.unit_price < 0,
        )


Lines = Annotated[list[LineBody], Field(max_length=MAX_LINES)]
Ids = Annotated[list[Name], Field(max_length=100)]


class IdentifyToken(Body):
    """What the customer showed. Hashes are lower-case SHA-256 hex, see docs/till-hook.md."""

    kind: Literal["qr", "card", "phone_hash", "email_hash", "receipt"]
    value: Annotated[str, StringConstraints(max_length=8192)]


class IdentifyBody(Body):
    """Who stands at the till?"""

    txn_id: Name
    token: IdentifyToken
    store: Word = ""
    till: Word = ""


class BasketBody(Body):
    """A basket as it lies on the till now."""

    revision: Revision
    currency: Currency
    lines: Lines
    customer_ref: Word | Annotated[str, StringConstraints(max_length=512)] | None = None
    codes: Ids = []
    prices_include_tax: bool = True

    def basket(self, txn_id: str) -> Basket:
        """As the rules read it."""
        return Basket(
            txn_id,
            self.revision,
            self.currency,
            tuple(line.line() for line in self.lines),
            tuple(self.codes),
            self.prices_include_tax,
        )


class ReserveBody(BasketBody):
    """A basket and the offers to hold for it."""

    offers: Ids


class ReceiptBody(Body):
    """What the till printed."""

    number: Name
    business_date: date
    till: Word = ""
    seq: int | None = None
    fiscal_qr: Annotated[str, StringConstraints(max_length=4096)] = ""


class TotalsBody(Body):
    """`gross` in minor units, tax included."""

    gross: MinorUnits


class TenderBody(Body):
    """One payment."""

    kind: Name
    amount: MinorUnits


class AppliedBody(Body):
    """One offer the till took off."""

    offer_id: Name
    amount: Annotated[int, Field(strict=True, ge=0, le=10**12)]


class CommitBody(Body):
    """A paid basket."""

    currency: Currency
    lines: Lines
    receipt: ReceiptBody
    totals: TotalsBody
    applied: Annotated[list[AppliedBody], Field(max_length=100)] = []
    tenders: Annotated[list[TenderBody], Field(max_length=50)] = []
    customer_ref: Annotated[str, StringConstraints(max_length=512)] | None = None
    reservation_id: Word | None = None


class VoidBody(Body):
    """Why a transaction is void."""

    reason: Word = ""


class OriginalBody(Body):
    """The sale something comes back from: by its transaction or by its receipt."""

    txn_id: Name | None = None
    store: Word = ""
    till: Word = ""
    business_date: date | None = None
    receipt_number: Word = ""


class ReturnLineBody(Body):
    """One article that comes back; `qty` counts up."""

    original_line_id: Word = ""
    sku: Word = ""
    gtin: Word = ""
    qty: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})?$")]
    refund_amount: MinorUnits = 0


class ReturnBody(Body):
    """A return; without `original` it is blind and restores nothing."""

    return_txn_id: Name
    original: OriginalBody | None = None
    lines: Annotated[list[ReturnLineBody], Field(min_length=1, max_length=MAX_LINES)]


class JournalItem(Body):
    """One thing that happened while the till could not reach us, under its own key."""

    kind: Literal["commit", "void", "returns"]
    idempotency_key: Name
    txn_id: Name | None = None
    body: dict[str, object]


class JournalBody(Body):
    """What a till has kept, in any order."""

    items: Annotated[list[JournalItem], Field(max_length=500)]
