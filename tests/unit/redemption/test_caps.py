"""Caps count what was redeemed here, and stay cheap for an offer with years of redemptions."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from redemption_desk import DAY, Desk, offer_want

from store_agent.domain.offer import Caps
from store_agent.domain.rights import Used
from store_agent.storage import redemptions

ALL = Caps(per_person=9, per_person_day=9, per_store=9, per_store_day=9)
OTHER_DAY = date(2026, 11, 20)
rows = st.lists(
    st.tuples(
        st.sampled_from(["o-1", "o-2"]),
        st.sampled_from(["c-1", "c-2", None]),
        st.sampled_from([DAY, OTHER_DAY]),
        st.sampled_from(["redeemed", "conflict", "voided", "restored"]),
        st.booleans(),
    ),
    max_size=12,
)


def keep(desk, many) -> None:
    for n, (offer_id, customer_id, day, state, is_voucher) in enumerate(many):
        desk.db.execute(
            "INSERT INTO redemptions (id, txn_id, offer_id, voucher_id, customer_id, units,"
            " amount_minor, currency, till, business_date, at, state, points, doc)"
            " VALUES (?, 't', ?, ?, ?, 1, 1, 'EUR', 'till', ?, '', ?, 0, '{}')",
            (f"r{n}", offer_id, f"v{n}" if is_voucher else None, customer_id, str(day), state),
        )


def used(desk, caps=ALL, ids=("c-1",)):
    return redemptions.used(desk.db, "o-1", caps, ids, DAY, desk.now, "")


@settings(max_examples=60, deadline=None)
@given(rows)
def test_caps_count_accepted_redemptions_of_the_offer_and_nothing_else(many):
    desk = Desk()
    keep(desk, many)
    true = [
        (who, day)
        for offer, who, day, state, v in many
        if (offer, state, v) == ("o-1", "redeemed", False)
    ]
    own = [day for who, day in true if who == "c-1"]
    assert used(desk) == Used(
        len(own), own.count(DAY), len(true), sum(day == DAY for _, day in true)
    )
    assert used(desk, ids=()) == Used(0, 0, len(true), sum(day == DAY for _, day in true))


def test_what_has_no_cap_is_not_counted():
    desk = Desk()
    desk.commit("a", offer_want())
    assert used(desk, Caps(per_store_day=1)) == Used(store_day=1)


def test_a_cap_is_counted_in_an_index_alone():
    desk, asked = Desk(), []
    desk.db.set_trace_callback(asked.append)
    used(desk, ids=("c-1", "c-2"))
    desk.db.set_trace_callback(None)
    counts = [sql for sql in asked if sql.startswith("SELECT count(*) FROM redemptions")]
    plans = [desk.db.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()[0][3] for sql in counts]
    assert len(plans) == 4
    assert all("USING COVERING INDEX" in plan for plan in plans)
