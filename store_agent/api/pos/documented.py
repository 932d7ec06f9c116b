"""What the OpenAPI document says beyond the code: examples, and every problem a till may meet."""

from __future__ import annotations

from typing import Any

Responses = dict[int | str, dict[str, Any]]

_PROBLEM = {
    "content": {
        "application/problem+json": {
            "example": {
                "type": "about:blank",
                "title": "Conflict",
                "status": 409,
                "detail": "this key was used for another request",
                "code": "idempotency_mismatch",
                "hint": "Use a new key for a new request.",
            }
        }
    }
}
PROBLEMS: Responses = {
    400: {"description": "The body is not JSON", **_PROBLEM},
    401: {"description": "No token, or one that is not known", **_PROBLEM},
    403: {"description": "The token is for another audience", **_PROBLEM},
    404: {"description": "No such door", **_PROBLEM},
    409: {"description": "Another body for this key, an old revision, a closed basket", **_PROBLEM},
    413: {"description": "The body is too large", **_PROBLEM},
    422: {"description": "A field is missing or wrong; `field` names it", **_PROBLEM},
    503: {"description": "It cannot be made durable now; Retry-After says when", **_PROBLEM},
}

IDENTITY: dict[str, Any] = {
    "customer_ref": "q2Yc0lF1…",
    "greeting": "Mira Musterfrau",
    "vouchers": [
        {
            "voucher_id": "v-0000001-0",
            "title": "10 € ab 50 €",
            "benefit": {"kind": "amount", "value": 1000},
            "min_basket": 5000,
            "valid_until": "2027-11-21T22:00:00Z",
            "prefilled": True,
            "reason": None,
        }
    ],
}
EVALUATION: dict[str, Any] = {
    "revision": 3,
    "status": "ok",
    "offers": [
        {
            "offer_id": "v-0000001-0",
            "voucher_id": "v-0000001-0",
            "kind": "basket",
            "prefilled": True,
            "amount": 1000,
            "points": 0,
            "allocations": [{"line_id": "1", "amount": 625}, {"line_id": "2", "amount": 375}],
            "stack_group": "",
            "receipt_text": "10 € ab 50 €",
            "expires_at": "2027-11-21T22:00:00Z",
            "variant_id": None,
        }
    ],
    "refused": [
        {
            "offer_id": "second-visit",
            "voucher_id": None,
            "reason": "below_minimum",
            "text": "“Your second purchase”: The basket is still EUR 12.00 short of it.",
        }
    ],
    "points": {"earned": 70, "balance": 1250, "payable": 1250},
    "messages": [],
}
RESERVATION: dict[str, Any] = {
    "reservation_id": "01932c07-4c1e-7cc3-9d0a-2f7f5e9b1a11",
    "expires_at": "2026-11-21T14:13:00Z",
    "granted": ["v-0000001-0"],
    "refused": [],
}


def example(body: dict[str, Any]) -> Responses:
    """A 200 with this example."""
    return {200: {"content": {"application/json": {"example": body}}}}
