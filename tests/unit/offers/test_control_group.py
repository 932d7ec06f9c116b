"""The control group: the exact rule, its statistics, and the platform's own word."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from math import nan, sqrt

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from unit.offers.offer_builders import customer, judged, offer, outcome, voucher

from store_agent.domain.greeting import OfferReason, Verdict
from store_agent.domain.offer import Audience
from store_agent.offers import control, in_control

InControl = Callable[[str, str, float], bool]
SHARES = st.floats(0, 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def by_hand(salt: str, customer_id: str, share: float) -> bool:
    """The rule as it is written down, in exact fractions."""
    digest = hashlib.new("sha256")
    for part in (salt.encode("utf-8"), bytes([0]), customer_id.encode("utf-8")):
        digest.update(part)
    return Fraction(int(digest.hexdigest()[:16], 16), 2**64) < Fraction(share)


def check_rule(rule: InControl) -> None:
    """Raise AssertionError where `rule` differs from the written one."""

    @settings(derandomize=True, database=None, phases=(Phase.generate,), max_examples=300)
    @given(TEXTS, TEXTS, SHARES)
    def search(salt: str, customer_id: str, share: float) -> None:
        assert rule(salt, customer_id, share) is by_hand(salt, customer_id, share)

    search()


def digest_of(*parts: str, separator: str = "\0") -> bytes:
    return hashlib.sha256(separator.join(parts).encode()).digest()


def first_8(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big")


def test_the_rule_is_exactly_the_written_one() -> None:
    check_rule(in_control)


@pytest.mark.parametrize(
    "known_bad",
    [
        pytest.param(
            lambda s, c, share: first_8(digest_of(s, c, separator="")) / 2**64 < share,
            id="no separator",
        ),
        pytest.param(lambda s, c, share: first_8(digest_of(c, s)) / 2**64 < share, id="swapped"),
        pytest.param(lambda s, c, share: first_8(digest_of(c)) / 2**64 < share, id="no salt"),
        pytest.param(
            lambda s, c, share: int.from_bytes(digest_of(s, c)[:8], "little") / 2**64 < share,
            id="little endian",
        ),
        pytest.param(
            lambda s, c, share: int.from_bytes(digest_of(s, c)[-8:], "big") / 2**64 < share,
            id="the last bytes",
        ),
        pytest.param(lambda s, c, share: first_8(digest_of(s, c)) % 100 < share * 100, id="modulo"),
        pytest.param(lambda s, c, share: not in_control(s, c, 1 - share), id="the other end"),
    ],
)
def test_another_rule_is_noticed(known_bad: InControl) -> None:
    with pytest.raises(AssertionError):
        check_rule(known_bad)


def test_a_digest_worked_out_elsewhere_decides_the_same() -> None:
    """`printf 'summer\\0c-1' | sha256sum` begins with c010f242190cd961 as hexadecimal digits."""
    share = int("c010f242190cd961", 16) / 2**64
    assert not in_control("summer", "c-1", share - 1e-9)
    assert in_control("summer", "c-1", share + 1e-9)


def test_a_share_of_one_holds_even_the_largest_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    class Largest:
        def __init__(self, _: bytes) -> None: ...

        def digest(self) -> bytes:
            return b"\xff" * 32

    monkeypatch.setattr(control, "sha256", Largest)
    assert in_control("salt", "c-1", 1.0)


@pytest.mark.parametrize("share", [0.0, -0.5, nan])
def test_nobody_is_in_control_of_an_empty_share(share: float) -> None:
    assert not any(in_control("salt", f"c-{n}", share) for n in range(100))


@given(TEXTS, TEXTS, SHARES, SHARES)
def test_a_larger_share_only_adds_people(salt: str, person: str, one: float, two: float) -> None:
    small, large = sorted((one, two))
    assert in_control(salt, person, large) or not in_control(salt, person, small)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_the_share_of_people_is_the_share_that_was_set(share: float) -> None:
    people = 10_000
    found = sum(in_control("spring", f"customer-{n}", share) for n in range(people))
    four_sigma = 4 * sqrt(people * share * (1 - share))
    assert abs(found - people * share) <= four_sigma


def test_two_salts_draw_independently() -> None:
    people = 10_000
    both = sum(
        in_control("a", f"customer-{n}", 0.3) and in_control("b", f"customer-{n}", 0.3)
        for n in range(people)
    )
    assert abs(both - people * 0.09) <= 4 * sqrt(people * 0.09 * 0.91)


def test_the_control_group_withholds_a_new_offer() -> None:
    decision = judged(offers=[offer(control_share=1.0)])
    assert outcome(decision) == (Verdict.WITHHELD, OfferReason.CONTROL_GROUP)


def test_the_control_group_never_withholds_a_voucher() -> None:
    person = customer(assignments=("v-1:control", "o-1:control"))
    decision = judged(person, vouchers=[voucher()])
    assert outcome(decision) == (Verdict.SHOWN, OfferReason.ISSUED_RIGHT)


@pytest.mark.parametrize(
    ("assignment", "share", "verdict"),
    [
        ("o-1:control", 0.0, Verdict.WITHHELD),
        ("o-1:shown", 1.0, Verdict.SHOWN),
        ("o-2:shown", 1.0, Verdict.WITHHELD),
        ("o-2:control", 0.0, Verdict.SHOWN),
    ],
)
def test_the_platforms_own_assignment_wins(assignment: str, share: float, verdict: Verdict) -> None:
    person = customer(assignments=(assignment,))
    assert outcome(judged(person, [offer(control_share=share)]))[0] is verdict


def test_of_two_contradicting_assignments_control_counts() -> None:
    person = customer(assignments=("o-1:shown", "o-1:control"))
    assert outcome(judged(person, [offer()]))[0] is Verdict.WITHHELD


def test_withheld_means_that_it_would_have_been_shown() -> None:
    """Else the control group would hold people who never had a chance to see the offer."""
    not_for_her = offer(control_share=1.0, audience=Audience(tiers=("Platin",)))
    assert outcome(judged(offers=[not_for_her])) == (Verdict.REFUSED, OfferReason.NOT_IN_TIER)
