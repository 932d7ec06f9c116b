"""Everything that can happen to rights, in any order; each step is followed by every promise."""

import string
from collections import Counter
from datetime import timedelta

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from rights_world import BUDGETS, BURN, RISKY, START_POINTS, STRICT, VOUCHERS, Centre, Request, Shop

SHOPS = ("s1", "s2")
TILLS = ("till-1", "till-2")
MOST_REPLAYS = 7
MOST_ROUNDS = 20  # what comes back is granted to whoever waits for it, and recalled in turn
shops = st.sampled_from(SHOPS)
claims = st.lists(
    st.sampled_from([STRICT, "v-1", STRICT, "v-2", RISKY, BURN]),
    min_size=1,
    max_size=2,
    unique=True,
).map(tuple)
txns = st.sampled_from(string.ascii_lowercase[:4])
tills = st.sampled_from(TILLS)


class RightsMachine(RuleBasedStateMachine):
    """Two shops with two tills each, and the platform."""

    requests = Bundle("requests")
    make_centre = Centre

    def __init__(self) -> None:
        super().__init__()
        self.centre = self.make_centre()
        self.shops = {name: Shop(name, "e0") for name in SHOPS}
        self.ruins: list[Shop] = []  # ledgers that were lost; what they did stays true
        self.answers: dict[tuple[str, str, str], bytes] = {}
        self.replays: Counter[tuple[str, Request]] = Counter()

    @initialize()
    def hand_out(self) -> None:
        for voucher_id, shop in zip(VOUCHERS, SHOPS, strict=True):
            self.centre.hand(voucher_id, shop)
        for name in SHOPS:
            self.centre.grant(STRICT, name, "e0", 1)
            self.centre.grant(RISKY, name, "e0", 1)
            self.shops[name].pull(self.centre)

    # -- the tills --

    @rule(target=requests, shop=shops, till=tills, txn=txns, ids=claims, revision=st.integers(1, 2))
    def reserve(self, shop, till, txn, ids, revision):
        request = Request("reserve", till, f"{shop}-{txn}", ids, revision)
        before = self.shops[shop].spare(STRICT)
        answer = self.ask(shop, request)
        if STRICT in answer.get("granted", ()):
            assert self.shops[shop].spare(STRICT) >= min(before, 0), "a unit was promised twice"
        return shop, request

    @rule(target=requests, shop=shops, till=tills, txn=txns, ids=claims)
    def commit(self, shop, till, txn, ids):
        request = Request("commit", till, f"{shop}-{txn}", ids)
        self.ask(shop, request)
        return shop, request

    @rule(target=requests, known=requests)
    def pay(self, known):
        """What was reserved, or asked for in any other way."""
        shop, before = known
        request = Request("commit", before.till, before.txn, before.ids)
        self.ask(shop, request)
        return shop, request

    @rule(target=requests, known=requests)
    def void(self, known):
        shop, before = known
        request = Request("void", before.till, before.txn)
        self.ask(shop, request)
        return shop, request

    @rule(target=requests, shop=shops, txn=txns)
    def void_what_nobody_knows(self, shop, txn):
        request = Request("void", "till-1", f"{shop}-{txn}")
        self.ask(shop, request)
        return shop, request

    @rule(target=requests, known=requests, n=st.integers(1, 3))
    def take_back(self, known, n):
        shop, before = known
        request = Request("take_back", before.till, before.txn, more=f"{before.txn}-r{n}")
        self.ask(shop, request)
        return shop, request

    @rule(known=requests, anew=st.booleans())
    def replay(self, known, anew):
        """The same again, up to seven times, with the same key or as a new request."""
        self.replays[known] += 1
        if self.replays[known] <= MOST_REPLAYS:
            shop, request = known
            self.ask(shop, request, f"{request.key}#{self.replays[known]}" if anew else None)

    @rule(known=requests)
    def die_before_the_commit(self, known):
        shop, request = known
        self.shops[shop].ask(request, "a key that is not used again", crash=True)

    def ask(self, shop: str, request: Request, key: str | None = None) -> dict:
        one = self.shops[shop]
        told = one.ask(request, key)
        mark = (shop + one.epoch, request.verb, key or request.key)
        try:
            answer = orjson.loads(told)
        except orjson.JSONDecodeError:
            return {}  # a refusal is no effect, and not remembered
        assert self.answers.setdefault(mark, told) == told, "I6: another answer to the same key"
        for id_, state, _ in answer.get("redemptions", ()):
            known = one.rows("SELECT 1 FROM redemptions WHERE id = ?", id_)
            assert known or state != "redeemed", "I5: told but not kept"
        return answer

    # -- time, the line, the platform --

    @rule(shop=st.sampled_from([*SHOPS, None]), minutes=st.sampled_from([-120, 5, 16, 70]))
    def time_passes(self, shop, minutes):
        """For everybody, or on one shop's clock only."""
        for name, one in self.shops.items():
            if shop in {name, None}:
                one.now += timedelta(minutes=minutes)
        if shop is None and minutes > 0:
            self.centre.now += timedelta(minutes=minutes)

    @rule(shop=shops, most=st.integers(0, 4))
    def hear_the_feed(self, shop, most):
        """Some of it; without news old copies of all grants come again, and upkeep runs."""
        if most:
            self.shops[shop].pull(self.centre, most)
            self.shops[shop].hear_time(self.centre.now)
        else:
            self.shops[shop].take_in(self.centre.paper(lot_id) for lot_id in self.centre.lots)
            self.shops[shop].look_after()

    @rule(shop=shops, which=st.one_of(st.none(), st.integers(0, 50)))
    def events_arrive(self, shop, which):
        """All of them again, or one of them, before or after others."""
        told = self.told(shop)
        for one in told if which is None else told[which % (len(told) or 1) :][:1]:
            self.centre.hear(one)

    def told(self, shop):
        return [
            one
            for each in (*self.ruins, self.shops[shop])
            if each.id == shop
            for one in each.told()
        ]

    @rule(shop=shops, offer_id=st.sampled_from([STRICT, RISKY]), amount=st.integers(1, 2))
    def grant(self, shop, offer_id, amount):
        if amount <= self.centre.free[offer_id]:
            self.centre.grant(offer_id, shop, self.shops[shop].epoch, amount)

    @rule(which=st.integers(0, 20), by_time=st.booleans())
    def take_a_lot_back(self, which, by_time):
        open_ones = [one for one, lot in self.centre.lots.items() if lot.state == "open"]
        if by_time:
            self.centre.reclaim_by_time()
        elif open_ones:
            self.centre.recall_lot(open_ones[which % len(open_ones)])

    @rule(voucher_id=st.sampled_from(VOUCHERS), to=shops, is_heard=st.booleans())
    def move_a_voucher(self, voucher_id, to, is_heard):
        owner = self.centre.owners[voucher_id].owner_store
        if not owner:
            self.centre.hand(voucher_id, to)
        elif owner in SHOPS:
            self.centre.recall(voucher_id)
        if is_heard and owner in SHOPS:
            self.shops[owner].pull(self.centre)

    @precondition(lambda self: not self.ruins)
    @rule(shop=shops)
    def lose_the_disk(self, shop):
        self.ruins.append(self.shops[shop])
        now, epoch = self.shops[shop].now, f"e{len(self.ruins)}"
        self.shops[shop] = Shop(shop, epoch, now)
        self.centre.write_off(shop, epoch)
        self.shops[shop].pull(self.centre)

    # -- the promises --

    @invariant()
    def every_promise(self):
        self.i1_i8_no_budget_is_overspent()
        self.i2_the_centre_adds_up()
        self.i3_the_centre_never_counts_more_than_is_true()
        self.i4_a_voucher_is_redeemed_once_and_held_once()
        self.one_basket_holds_a_voucher()
        self.what_was_given_back_is_not_redeemed()
        self.a_sale_counts_once()
        self.i7_a_closed_lot_stays_closed()
        self.a_lot_is_only_spent_by_the_ledger_it_was_made_out_to()
        self.returns_never_exceed_the_sale()
        self.burnt_points_were_there()

    def ledgers(self):
        return (*self.shops.values(), *self.ruins)

    def spent(self, offer_id, states=("redeemed",)):
        marks = ", ".join("?" * len(states))
        sql = f"SELECT units, lot_id FROM redemptions WHERE offer_id = ? AND state IN ({marks})"
        return [row for one in self.ledgers() for row in one.rows(sql, offer_id, *states)]

    def i1_i8_no_budget_is_overspent(self):
        for offer_id, budget in BUDGETS.items():
            rows = self.spent(offer_id)
            assert all(units == 1 and lot_id for units, lot_id in rows), "spent out of no lot"
            at_risk = self.centre.reclaimed[offer_id]
            assert len(rows) <= budget + at_risk, f"{offer_id} is overspent"

    def i2_the_centre_adds_up(self):
        for offer_id, budget in BUDGETS.items():
            own = [lot for lot in self.centre.lots.values() if lot.offer_id == offer_id]
            kept = sum(lot.consumed if lot.state == "settled" else lot.amount for lot in own)
            assert self.centre.free[offer_id] + kept == budget, "I2: units appear or vanish"
            assert self.centre.free[offer_id] >= 0

    def i3_the_centre_never_counts_more_than_is_true(self):
        every = ("redeemed", "voided", "restored")
        true = Counter(lot for offer_id in BUDGETS for _, lot in self.spent(offer_id, every))
        for lot_id, lot in self.centre.lots.items():
            assert lot.consumed <= true[lot_id], "I3: counted twice"

    def i4_a_voucher_is_redeemed_once_and_held_once(self):
        sql = "SELECT voucher_id FROM redemptions WHERE voucher_id NOT NULL AND state = 'redeemed'"
        redeemed = Counter(row[0] for one in self.ledgers() for row in one.rows(sql))
        assert all(n == 1 for n in redeemed.values()), "I4: redeemed twice"

    def one_basket_holds_a_voucher(self):
        for shop in self.shops.values():
            held = Counter(voucher_id for _, voucher_id in shop.held() if voucher_id)
            assert all(n == 1 for n in held.values()), "two baskets hold one voucher"

    def what_was_given_back_is_not_redeemed(self):
        sql = (
            "SELECT 1 FROM released_vouchers b JOIN redemptions r USING (voucher_id)"
            " JOIN outbox o ON o.id = r.id WHERE r.state = 'redeemed'"
            " AND json_extract(CAST(o.data AS TEXT), '$.grant') = b.grant_id"
        )
        for shop in self.ledgers():
            assert shop.rows(sql) == [], "redeemed without owning it"

    def a_sale_counts_once(self):
        twice = (
            "SELECT 1 FROM redemptions WHERE state = 'redeemed'"
            " GROUP BY txn_id, offer_id, voucher_id HAVING count(*) > 1"
        )
        earned = "SELECT 1 FROM points WHERE kind = 'earn' GROUP BY txn_id HAVING count(*) > 1"
        void = "SELECT 1 FROM redemptions JOIN voids USING (txn_id) WHERE state = 'redeemed'"
        for shop in self.ledgers():
            assert shop.rows(void) == [], "a void sale spent a right"
            assert shop.rows(twice) == [], "I6: one sale spent one right twice"
            assert shop.rows(earned) == [], "I6: one sale earned twice"

    def i7_a_closed_lot_stays_closed(self):
        sql = (
            "SELECT lot_id FROM lots WHERE state = 'active' AND lot_id IN"
            " (SELECT json_extract(CAST(data AS TEXT), '$.lot_id') FROM outbox"
            " WHERE type = 'store.lot.closed')"
        )
        for shop in self.shops.values():
            assert shop.rows(sql) == [], "I7: a closed lot came back"

    def a_lot_is_only_spent_by_the_ledger_it_was_made_out_to(self):
        for shop in self.shops.values():
            for (lot_id,) in shop.rows("SELECT lot_id FROM lots"):
                lot = self.centre.lots[lot_id]
                assert (lot.store_id, lot.epoch) == (shop.id, shop.epoch), "of another epoch"

    def returns_never_exceed_the_sale(self):
        for shop in self.ledgers():
            assert not shop.rows("SELECT 1 FROM returned_lines WHERE qty_milli > 2000")
            assert not shop.rows("SELECT 1 FROM redemptions WHERE returned_minor > amount_minor")
            for kinds, sign in ((("earn", "clawback", "reverse"), 1), (("burn", "restore"), -1)):
                marks = ", ".join("?" * len(kinds))
                sql = f"SELECT sum(points) FROM points WHERE kind IN ({marks}) GROUP BY txn_id"
                assert all(row[0] * sign >= 0 for row in shop.rows(sql, *kinds)), "points made up"

    def burnt_points_were_there(self):
        sql = "SELECT count(*) FROM redemptions WHERE offer_id = ? AND state = 'redeemed'"
        for shop in self.shops.values():
            left = shop.rows("SELECT coalesce(sum(points), 0) FROM points WHERE confirmed = 0")
            clawed = shop.rows("SELECT 1 FROM points WHERE kind IN ('clawback', 'reverse')")
            burnt = shop.rows(sql, BURN)[0][0]
            assert not burnt or clawed or shop.balance + left[0][0] >= 0 or self.others_burnt()

    def others_burnt(self) -> bool:
        """Two shops that do not hear of each other may both spend the same points."""
        sql = "SELECT 1 FROM points WHERE kind = 'burn'"
        return sum(bool(one.rows(sql)) for one in self.ledgers()) > 1

    def teardown(self) -> None:
        """The line is back: every closed lot settles, and everybody agrees to the unit."""
        for _ in range(MOST_ROUNDS):
            for lot_id, lot in self.centre.lots.items():
                if lot.state == "open":
                    self.centre.recall_lot(lot_id)
            for name, shop in self.shops.items():
                shop.pull(self.centre)
                self.events_arrive(name, None)
        self.lots_are_settled()
        sql = "SELECT voucher_id FROM redemptions WHERE voucher_id NOT NULL AND state = 'redeemed'"
        true = {row[0] for one in self.ledgers() for row in one.rows(sql)}
        assert self.centre.spent_vouchers() == true, "the centre does not know who was spent"
        self.points_are_agreed_on()
        for one in self.ledgers():
            one.db.close()

    def lots_are_settled(self) -> None:
        true = Counter(lot_id for _, lot_id in self.spent(STRICT))
        for lot_id, lot in self.centre.lots.items():
            assert lot.state != "open", "a closed lot is not settled"
            if lot.state == "settled" and lot.offer_id == STRICT:
                assert lot.consumed == true[lot_id], "the centre does not know the truth"

    def points_are_agreed_on(self) -> None:
        sql = "SELECT coalesce(sum(points), 0) FROM points"
        entered = sum(one.rows(sql)[0][0] for one in self.ledgers())
        assert self.centre.points == START_POINTS + entered
        for shop in self.shops.values():
            assert shop.balance == self.centre.points
            assert shop.rows(sql + " WHERE confirmed = 0") == [(0,)]
