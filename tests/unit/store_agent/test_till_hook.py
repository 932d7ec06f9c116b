"""The till hook through the real doors, from identify to the journal."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import orjson
import pytest
from builders import STORE, customer, offer, shop, wallet_pass

from store_agent.domain.rights import LotGrant
from store_agent.redemption import lots
from store_agent.storage.codec import dump

TXN = "txn-1"


def voucher(voucher_id: str = "v-1", **fields: Any) -> tuple[str, str, dict[str, Any]]:
    doc = {
        "id": voucher_id,
        "customer_id": "c-1",
        "title": {"de": "10 € ab 50 €", "en": "€10 off from €50"},
        "benefit": {"kind": "amount", "value": 1000},
        "min_basket_minor": 5000,
        "owner_store": STORE,
        "code": "TEN-OFF",
    }
    return "vouchers", voucher_id, doc | fields


MIRA = customer(points=500, phone="+49 221 123456", email="Mira@Example.Test", member_number="M-77")
KNOWN = [MIRA, wallet_pass(), voucher(), offer()]


def line(line_id: str = "1", qty: str = "1", price: int = 6000, **more: Any) -> dict[str, Any]:
    return {"line_id": line_id, "sku": f"S{line_id}", "qty": qty, "unit_price": price} | more


def basket(*lines: dict[str, Any], revision: int = 1, **more: Any) -> dict[str, Any]:
    return {"revision": revision, "currency": "EUR", "lines": list(lines) or [line()]} | more


def paid(*lines: dict[str, Any], gross: int = 6000, applied=(), **more: Any) -> dict[str, Any]:
    return {
        "currency": "EUR",
        "lines": list(lines) or [line()],
        "receipt": {"number": "R1", "business_date": "2026-11-21", "till": "till-0", "seq": 1},
        "totals": {"gross": gross},
        "applied": [{"offer_id": one, "amount": amount} for one, amount in applied],
        "tenders": [{"kind": "card", "amount": gross}],
    } | more


class Till:
    """A till's calls, with a fresh key unless one is given."""

    def __init__(self, running, token: str = "till") -> None:
        self.running, self.token, self.keys = running, token, 0

    async def call(self, path: str, body: Any, key: str | None = None, **headers: str):
        self.keys += 1
        headers = {"Idempotency-Key": key or f'"{self.token}-{self.keys}"'} | headers
        return await self.running.post(f"/pos/v1/{path}", body, token=self.token, **headers)

    async def identify(self, value="MEMBER-1", kind="qr", txn=TXN):
        body = {"store": STORE, "till": "till-0", "txn_id": txn}
        told = await self.call("identify", body | {"token": {"kind": kind, "value": value}})
        return told.json()

    async def evaluate(self, *lines, txn=TXN, **more):
        told = await self.call(f"baskets/{txn}/evaluate", basket(*lines, **more))
        assert told.status_code == 200, told.text
        return told.json()

    async def reserve(self, *offers, txn=TXN, key=None, **more):
        body = basket(**more) | {"offers": list(offers)}
        return await self.call(f"baskets/{txn}/reserve", body, key)

    async def commit(self, body, txn=TXN, key=None):
        return await self.call(f"baskets/{txn}/commit", body, key)


async def ledger_bytes(running) -> int:
    sql = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM answers)"
    sql += " + (SELECT count(*) FROM reservations) + (SELECT count(*) FROM sales)"
    rows = await running.agent.storage.read(lambda view: view.ledger.execute(sql).fetchall())
    return rows[0][0]


@pytest.mark.asyncio
async def test_a_pass_gives_an_opaque_reference_and_the_valid_vouchers(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        told = await Till(running).identify()
        assert told["greeting"] == "Mira Musterfrau"
        assert "c-1" not in told["customer_ref"]
        (one,) = told["vouchers"]
        assert (one["voucher_id"], one["prefilled"], one["min_basket"]) == ("v-1", True, 5000)
        assert await running.types() == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("card", "m-77"),
        ("phone_hash", hashlib.sha256(b"+49221123456").hexdigest()),
        ("email_hash", hashlib.sha256(b"mira@example.test").hexdigest()),
    ],
)
async def test_a_card_or_a_hash_finds_the_same_person(tmp_path, kind, value):
    async with shop(tmp_path, KNOWN) as running:
        assert (await Till(running).identify(value, kind))["greeting"] == "Mira Musterfrau"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("qr", "NOBODY"),
        ("card", ""),
        ("phone_hash", "ff"),
        ("email_hash", "0" * 64),
        ("receipt", "R1"),
    ],
)
async def test_whoever_is_unknown_looks_like_every_other_refusal(tmp_path, kind, value):
    async with shop(tmp_path, KNOWN) as running:
        assert await Till(running).identify(value, kind) == {
            "customer_ref": None,
            "greeting": None,
            "vouchers": [],
        }


@pytest.mark.asyncio
async def test_without_consent_nobody_is_named_and_rights_still_count(tmp_path):
    silent = customer(consents=[])
    async with shop(tmp_path, [silent, wallet_pass(), voucher(), offer()]) as running:
        told = await Till(running).identify()
        assert told["greeting"] is None
        found = await Till(running).evaluate(customer_ref=told["customer_ref"])
        assert [one["offer_id"] for one in found["offers"]] == ["v-1", "o-1"]


@pytest.mark.asyncio
async def test_evaluate_prefills_the_voucher_and_writes_nothing(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        ref = (await till.identify())["customer_ref"]
        before = await ledger_bytes(running)
        found = await till.evaluate(line(), line("2", "2", 1000), customer_ref=ref, revision=7)
        assert await ledger_bytes(running) == before
        assert (found["revision"], found["status"]) == (7, "ok")
        by_id = {one["offer_id"]: one for one in found["offers"]}
        right = by_id["v-1"]
        assert (right["amount"], right["prefilled"], right["kind"]) == (1000, True, "basket")
        assert sum(part["amount"] for part in right["allocations"]) == 1000
        assert (by_id["points"]["kind"], by_id["points"]["prefilled"]) == ("tender", False)
        assert found["points"]["balance"] == 500


@pytest.mark.asyncio
async def test_a_refusal_carries_a_sentence_in_the_cashiers_language(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        ref = (await till.identify())["customer_ref"]
        small = basket(line(price=4000), customer_ref=ref)
        german = (await till.call(f"baskets/{TXN}/evaluate", small)).json()["refused"]
        english = await till.call(
            f"baskets/{TXN}/evaluate", small, **{"Accept-Language": "en-GB,de;q=0.5"}
        )
        assert [one["reason"] for one in german] == ["below_minimum"]
        assert "10,00 EUR" in german[0]["text"]
        assert "EUR 10.00" in english.json()["refused"][0]["text"]


@pytest.mark.asyncio
async def test_a_reference_of_another_basket_is_nobody(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        ref = (await till.identify(txn="other"))["customer_ref"]
        found = await till.evaluate(customer_ref=ref, codes=["TEN-OFF"])
        assert [(one["offer_id"], one["reason"]) for one in found["refused"]] == [
            ("v-1", "customer_required")
        ]


@pytest.mark.asyncio
async def test_a_reference_survives_a_restart(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        ref = (await Till(running).identify())["customer_ref"]
    async with shop(tmp_path, []) as running:
        found = await Till(running).evaluate(customer_ref=ref)
        assert "v-1" in {one["offer_id"] for one in found["offers"]}


@pytest.mark.asyncio
async def test_somebody_elses_voucher_is_not_theirs(tmp_path):
    other = voucher("v-2", customer_id="c-2", code="OTHER")
    async with shop(tmp_path, [*KNOWN, other]) as running:
        till = Till(running)
        ref = (await till.identify())["customer_ref"]
        found = await till.evaluate(customer_ref=ref, codes=["OTHER", "NO-SUCH"])
        reasons = {one["offer_id"]: one["reason"] for one in found["refused"]}
        assert reasons == {"v-2": "not_yours", "NO-SUCH": "not_found"}


@pytest.mark.asyncio
async def test_two_tills_race_for_one_voucher_and_one_gets_it(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        tills = [Till(running) for _ in range(2)]
        refs = [(await till.identify(txn=f"t{n}"))["customer_ref"] for n, till in enumerate(tills)]
        answers = await asyncio.gather(
            *(
                till.reserve("v-1", txn=f"t{n}", key=f"k{n}", customer_ref=refs[n])
                for n, till in enumerate(tills)
            )
        )
        granted = [one.json()["granted"] for one in answers]
        assert sorted(granted) == [[], ["v-1"]]
        (refused,) = next(one.json()["refused"] for one in answers if not one.json()["granted"])
        assert refused["reason"] == "reserved_elsewhere"
        assert refused["text"]


@pytest.mark.asyncio
async def test_a_reserved_sale_is_committed_once_and_told_to_the_platform(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        ref = (await till.identify())["customer_ref"]
        held = (await till.reserve("v-1", customer_ref=ref)).json()
        assert held["granted"] == ["v-1"]
        body = paid(gross=5000, applied=[("v-1", 1000)], customer_ref=ref)
        body["reservation_id"] = held["reservation_id"]
        first = await till.commit(body, key="k")
        again = await till.commit(body, key='"k"')
        assert first.content == again.content
        told = first.json()
        assert told["status"] == "committed"
        assert [one["state"] for one in told["redemptions"]] == ["redeemed"]
        assert told["points"] == {"earned": 50, "burned": 0}
        types = await running.types()
        assert [
            types.count(f"store.{one}") for one in ("sale.recorded", "redemption.recorded")
        ] == [
            1,
            1,
        ]
        subjects = {subject for kind, subject, _ in await running.events() if "sale" in kind}
        assert subjects == {"c-1"}


@pytest.mark.asyncio
async def test_a_double_spend_is_a_conflict_and_never_a_refusal(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        statuses = []
        for txn in ("a", "b"):
            ref = (await till.identify(txn=txn))["customer_ref"]
            body = paid(gross=5000, applied=[("TEN-OFF", 1000)], customer_ref=ref)
            statuses.append((await till.commit(body, txn=txn)).json())
        assert [one["status"] for one in statuses] == ["committed_late", "conflict"]
        (lost,) = statuses[1]["redemptions"]
        assert (lost["reason"], lost["voucher_id"]) == ("already_redeemed", "v-1")
        assert lost["text"] == "Dieser Gutschein wurde schon eingelöst."


@pytest.mark.asyncio
async def test_the_same_key_for_another_body_is_refused(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        await till.commit(paid(), key="k")
        answer = await till.commit(paid(gross=1), key="k")
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_mismatch")


@pytest.mark.asyncio
async def test_an_old_revision_holds_nothing(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        await till.reserve(revision=5)
        answer = await till.reserve(revision=4)
        assert (answer.status_code, answer.json()["code"]) == (409, "stale_revision")


@pytest.mark.asyncio
async def test_a_void_that_overtakes_its_commit_leaves_a_tombstone(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        for _ in range(7):
            told = await till.call(f"baskets/{TXN}/void", {"reason": "cancelled"}, key="v")
        assert told.json() == {"status": "voided", "was": "unknown", "redemptions": []}
        ref = (await till.identify())["customer_ref"]
        late = await till.commit(paid(applied=[("v-1", 1000)], customer_ref=ref))
        assert late.json()["status"] == "conflict"
        assert (await running.types()).count("store.sale.voided") == 1


@pytest.mark.asyncio
async def test_a_void_after_the_sale_gives_the_voucher_back(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        ref = (await till.identify())["customer_ref"]
        await till.commit(paid(applied=[("v-1", 1000)], customer_ref=ref))
        assert (await till.call(f"baskets/{TXN}/void", {})).json()["was"] == "committed"
        ref = (await till.identify(txn="next"))["customer_ref"]
        held = await till.reserve("v-1", txn="next", customer_ref=ref)
        assert held.json()["granted"] == ["v-1"]


@pytest.mark.asyncio
async def test_a_return_by_receipt_claws_points_back_and_restores_the_voucher(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        ref = (await till.identify())["customer_ref"]
        await till.commit(
            paid(line(qty="2", price=3000), gross=5000, applied=[("v-1", 1000)], customer_ref=ref)
        )
        original = {"till": "till-0", "business_date": "2026-11-21", "receipt_number": "R1"}
        told = []
        for number in range(2):
            body = {
                "return_txn_id": f"ret-{number}",
                "original": original,
                "lines": [{"original_line_id": "1", "qty": "1", "refund_amount": 2500}],
            }
            told.append((await till.call("returns", body)).json())
        assert [one["clawback"] for one in told] == [25, 25]
        assert [one["voucher_effects"][0]["action"] for one in told] == ["keep", "restore"]
        blind = {"return_txn_id": "r-3", "lines": [{"sku": "X", "qty": "1"}]}
        (warning,) = (await till.call("returns", blind)).json()["warnings"]
        assert warning["code"] == "unknown_sale"


@pytest.mark.asyncio
async def test_a_journal_takes_what_it_can_and_says_what_it_cannot(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        items = [
            {"kind": "void", "idempotency_key": "1", "txn_id": "b", "body": {"reason": "x"}},
            {"kind": "commit", "idempotency_key": "2", "txn_id": "b", "body": paid()},
            {"kind": "commit", "idempotency_key": "3", "txn_id": "c", "body": {"lines": 1}},
            {"kind": "commit", "idempotency_key": "4", "txn_id": "a", "body": paid()},
        ]
        till = Till(running)
        first = (await till.call("journal", {"items": items})).json()["results"]
        again = (await till.call("journal", {"items": items})).json()["results"]
        assert first == again
        kept = [await till.call("journal", {"items": items}, key="all") for _ in range(2)]
        assert kept[0].content == kept[1].content
        other = await till.call("journal", {"items": items[:1]}, key="all")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
        assert [one["status"] for one in first] == ["done", "done", "rejected", "done"]
        assert (await running.types()).count("store.sale.recorded") == 2


@pytest.mark.asyncio
async def test_points_pay_like_money(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        ref = (await till.identify())["customer_ref"]
        held = (await till.reserve("points:300", customer_ref=ref)).json()
        assert held["granted"] == ["points:300"]
        body = paid(applied=[("points:300", 300)], customer_ref=ref)
        told = (await till.commit(body)).json()
        assert told["points"] == {"earned": 60, "burned": 300}
        after = await till.evaluate(txn="next", customer_ref="c-1")
        assert after["points"]["balance"] == 500 - 300 + 60


@pytest.mark.asyncio
async def test_an_allotment_is_spent_to_the_last_and_then_used_up(tmp_path):
    lot_offer = offer("o-lot", offline="lot")
    async with shop(tmp_path, [MIRA, wallet_pass(), lot_offer]) as running:
        storage = running.agent.storage
        grant = LotGrant("lot-1", "o-lot", STORE, storage.epoch, 1)
        await running.learn(("lots", "lot-1", orjson.loads(dump(grant))))
        await running.agent.upkeep.take_news()
        till = Till(running)
        assert [one["offer_id"] for one in (await till.evaluate())["offers"]] == ["o-lot"]
        await till.commit(paid(applied=[("o-lot", 1200)]))
        found = await till.evaluate(txn="next")
        assert [one["reason"] for one in found["refused"]] == ["budget_used_up"]
        left = await storage.read(lambda view: lots.left(view.ledger, "o-lot", running.clock.now()))
        assert left == 0
        await running.agent.upkeep.look_after()
        assert (await running.types()).count("store.lot.wanted") == 1


@pytest.mark.asyncio
async def test_evaluate_answers_without_offers_when_there_is_no_time(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        answer = await Till(running).call(
            f"baskets/{TXN}/evaluate", basket(), **{"X-Deadline-Ms": "0"}
        )
        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["offers"]) == ("degraded", [])


@pytest.mark.asyncio
async def test_a_sale_that_cannot_be_made_durable_is_not_acknowledged(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        await running.agent.storage.close()
        assert (await Till(running).commit(paid())).status_code == 503
        answer = await Till(running).call(f"baskets/{TXN}/evaluate", basket())
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


@pytest.mark.asyncio
async def test_reserve_and_commit_are_two_transactions(tmp_path):
    """One fsync each: the budget of the two together is three."""
    async with shop(tmp_path, KNOWN) as running:
        till = Till(running)
        ref = (await till.identify())["customer_ref"]
        commits = 0

        def count(statement: str) -> None:
            nonlocal commits
            commits += statement == "COMMIT"

        await running.agent.storage.write(lambda tx: tx.set_trace_callback(count))
        commits = 0
        await till.reserve("v-1", customer_ref=ref)
        await till.commit(paid(applied=[("v-1", 1000)], customer_ref=ref))
        assert commits == 2


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("baskets/t/commit", {"currency": "EUR"}, "lines"),
        ("baskets/t/evaluate", basket(line(qty="1e3")), "lines.0.qty"),
        ("baskets/t/evaluate", basket(line(price=1.5)), "lines.0.unit_price"),
        ("baskets/t/reserve", basket(), "offers"),
        ("identify", {"txn_id": "t", "token": {"kind": "face", "value": ""}}, "token.kind"),
        ("returns", {"return_txn_id": "r", "lines": []}, "lines"),
    ],
)
async def test_bad_input_names_its_field(tmp_path, path, body, field):
    async with shop(tmp_path, KNOWN) as running:
        answer = await Till(running).call(path, body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path", ["baskets/t/reserve", "baskets/t/commit", "baskets/t/void", "returns", "journal"]
)
async def test_a_change_needs_its_key(tmp_path, path):
    bodies = {
        "baskets/t/reserve": basket() | {"offers": []},
        "baskets/t/commit": paid(),
        "baskets/t/void": {},
        "returns": {"return_txn_id": "r", "lines": [{"sku": "X", "qty": "1"}]},
        "journal": {"items": []},
    }
    async with shop(tmp_path, KNOWN) as running:
        answer = await running.post(f"/pos/v1/{path}", bodies[path])
        assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")
