"""Whose transmitter: published vectors, two sightings before belief, chance matches."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.beacons import resolving
from geofences.beacons.adverts import parse
from geofences.beacons.beliefs import Beliefs
from geofences.beacons.frames import AltBeacon, EddystoneEid, EddystoneUid, IBeacon, NoBeacon
from geofences.beacons.identify import Identifier
from geofences.beacons.model import Beacon, BeaconKind

UUID = "00000000-0000-4000-8000-0000000000FF"
TAG = Beacon("t-1", BeaconKind.IBEACON, subject="c-1", uuid=UUID, major=1, minor=2)
IRK = bytes.fromhex("ec0234a357c8ad05341010a60a397d9b")
PHONE = Beacon("p-1", BeaconKind.IRK, subject="c-1", key=IRK.hex())
EID_KEY = "0102030405060708090a111213141516"
EID = Beacon("e-1", BeaconKind.EDDYSTONE_EID, subject="c-1", key=EID_KEY, exponent=10)
FRAME = IBeacon(UUID, 1, 2, -59)
NOTHING = NoBeacon()


def address_of(irk: bytes, prand: str) -> str:
    raw = bytes.fromhex(prand)
    found = raw + resolving.hash_of(resolving.encryptor(irk), raw)
    return ":".join(f"{byte:02X}" for byte in found)


def test_a_tag_is_believed_at_its_second_sighting():
    identifier = Identifier([TAG])
    first = identifier.identify("C2:00:00:00:00:01", FRAME, 1.0)
    again = identifier.identify("C2:00:00:00:00:01", FRAME, 1.0)  # the same advert, twice
    second = identifier.identify("C2:00:00:00:00:09", FRAME, 2.0)  # its address may change
    assert [one.confirmed for one in (first, again, second)] == [False, False, True]
    assert second.beacon is TAG


def test_a_strangers_tag_is_nobodys():
    assert Identifier([TAG]).identify("", replace(FRAME, minor=3), 1.0) is None


def test_a_tag_of_two_owners_is_nobodys():
    other = replace(TAG, id="t-2", subject="c-2")
    assert Identifier([TAG, other]).identify("", FRAME, 1.0) is None


def test_the_power_in_the_document_wins_over_what_the_tag_says():
    measured = replace(TAG, power_1m_dbm=-66)
    assert Identifier([measured]).identify("", FRAME, 1.0).power_1m_dbm == -66


def test_one_private_address_may_be_chance_and_two_are_not():
    identifier = Identifier([PHONE])
    first = identifier.identify(address_of(IRK, "708194"), NOTHING, 1.0)
    same = identifier.identify(address_of(IRK, "708194"), NOTHING, 9.0)
    second = identifier.identify(address_of(IRK, "712345"), NOTHING, 900.0)
    assert [one.confirmed for one in (first, same, second)] == [False, False, True]


def test_other_evidence_of_the_person_confirms_an_address():
    identifier = Identifier([PHONE])
    assert not identifier.identify(address_of(IRK, "708194"), NOTHING, 1.0).confirmed
    identifier.corroborate("c-1")
    assert identifier.identify(address_of(IRK, "708194"), NOTHING, 2.0).confirmed
    assert not identifier.identify(address_of(IRK, "708194"), NOTHING, 4000.0).confirmed


def test_an_address_that_fits_two_keys_names_nobody():
    twin = replace(PHONE, id="p-2", subject="c-2")
    assert Identifier([PHONE, twin]).identify(address_of(IRK, "708194"), NOTHING, 1.0) is None


@pytest.mark.parametrize(
    ("beacon", "word"),
    [
        (replace(TAG, uuid=UUID + "00"), "uuid"),
        (replace(TAG, major=-1), "major"),
        (replace(TAG, power_1m_dbm=-300), "power"),
        (replace(PHONE, key="0x" + IRK.hex()[2:]), "key"),
        (replace(PHONE, key=IRK.hex()[:-2] + "  "), "key"),
        (replace(PHONE, key="00" * 16), "zeros"),
        (replace(EID, clock_offset_s=float("nan")), "clock_offset_s"),
        (replace(TAG, uuid="xyz"), "uuid"),
        (replace(TAG, major=None), "major"),
        (replace(TAG, minor=70000), "minor"),
        (replace(PHONE, key="00"), "key"),
        (replace(EID, exponent=16), "exponent"),
        (Beacon("a", BeaconKind.ALTBEACON, code="00"), "code"),
        (Beacon("u", BeaconKind.EDDYSTONE_UID, namespace="00" * 10, instance="0"), "instance"),
    ],
)
def test_an_unusable_beacon_is_named_and_the_rest_goes_on(beacon, word):
    identifier, (fault,) = Identifier.build([beacon, replace(TAG, id="good", minor=9)])
    assert fault.feature == beacon.id
    assert word in fault.reason
    assert identifier.identify("", replace(FRAME, minor=9), 1.0) is not None


def test_ids_may_be_written_in_any_case_and_a_uuid_without_dashes():
    plain = replace(TAG, uuid=UUID.replace("-", "").lower())
    assert Identifier([plain]).identify("", FRAME, 1.0).beacon is plain
    code = Beacon("a", BeaconKind.ALTBEACON, subject="c-1", code="AB" * 20)
    frame = AltBeacon(0xFFFF, "ab" * 20, -59, 0)
    assert Identifier([code]).identify("", frame, 1.0).beacon is code
    named = Beacon("u", BeaconKind.EDDYSTONE_UID, namespace="AB" * 10, instance="CD" * 6)
    assert Identifier([named]).identify("", EddystoneUid("ab" * 10, "cd" * 6, -60), 1.0) is not None


@pytest.mark.parametrize(
    "twin",
    [
        replace(TAG, id="twin", subject="c-2", uuid=UUID.lower()),
        replace(PHONE, id="twin", subject="c-2", key=IRK.hex().upper()),
    ],
)
def test_two_documents_of_one_transmitter_are_told_and_nobodys(twin):
    identifier, (fault,) = Identifier.build([TAG, PHONE, twin])
    assert fault.feature == "twin"
    frame, address = (FRAME, "") if twin.kind is TAG.kind else (NOTHING, address_of(IRK, "708194"))
    assert identifier.identify(address, frame, 1.0) is None


def test_a_phone_that_acts_as_somebody_elses_tag_is_the_tag():
    identifier = Identifier([PHONE, replace(TAG, subject="c-2")])
    assert identifier.identify(address_of(IRK, "708194"), FRAME, 1.0).beacon.subject == "c-2"


def test_a_strangers_frame_from_a_known_phone_is_the_phone():
    frame = replace(FRAME, minor=77)
    found = Identifier([TAG, PHONE]).identify(address_of(IRK, "708194"), frame, 1.0)
    assert found.beacon is PHONE


def test_an_eid_is_believed_at_its_second_sighting_also_when_it_changed_between():
    identifier = Identifier([EID])
    shown = [
        identifier.identify("", EddystoneEid(shown_at(at), -60), float(at)) for at in (1000, 1100)
    ]
    assert [one.confirmed for one in shown] == [False, True]


def shown_at(at: int) -> str:
    return resolving.eid_at(bytes.fromhex(EID_KEY), 10, at).hex()


# -- how long a phone is believed ----------------------------------------------------------------


def confirmed(identifier, *heard):
    found = [identifier.identify(address_of(IRK, prand), NOTHING, float(at)) for prand, at in heard]
    return [one.confirmed for one in found]


def test_a_phone_that_is_heard_all_day_stays_believed():
    heard = [("708194", 0), ("712345", 900), *(("712345", 900 + 3600 * n) for n in range(1, 12))]
    assert confirmed(Identifier([PHONE]), *heard) == [False] + [True] * 12


def test_a_second_address_hours_later_may_be_chance_again():
    heard = [("708194", 0), ("712345", 10_000), ("723456", 10_900)]
    assert confirmed(Identifier([PHONE]), *heard) == [False, False, True]


def test_a_phone_that_was_believed_is_not_the_next_morning():
    heard = [("708194", 0), ("712345", 900), ("723456", 60_000)]
    assert confirmed(Identifier([PHONE]), *heard) == [False, True, False]


def test_a_scan_of_somebody_else_proves_nothing():
    identifier = Identifier([PHONE])
    identifier.corroborate("c-2", 1.0)
    assert confirmed(identifier, ("708194", 2)) == [False]


def test_a_scan_before_anything_was_heard_counts_from_the_first_sighting():
    identifier = Identifier([PHONE])
    identifier.corroborate("c-1")
    assert confirmed(identifier, ("708194", 1_760_000_000)) == [True]


def test_a_scan_of_long_ago_does_not_count_now():
    identifier = Identifier([PHONE])
    identifier.corroborate("c-1", 1_760_000_000.0)
    assert confirmed(identifier, ("708194", 1_760_090_000)) == [False]


def test_scans_of_people_without_a_phone_are_not_remembered():
    identifier = Identifier([PHONE, TAG])
    for number in range(100):
        identifier.corroborate(f"customer {number}", 1.0)
    assert len(identifier._beliefs._corroborated) == 0


def test_what_was_believed_survives_news_of_other_beacons():
    before = Identifier([PHONE, TAG])
    confirmed(before, ("708194", 0), ("712345", 900))
    before.identify("", FRAME, 1.0)
    after, _ = Identifier.build([PHONE, TAG, replace(TAG, id="new", minor=9)], before)
    assert confirmed(after, ("712345", 1000)) == [True]
    assert after.identify("", FRAME, 2.0).confirmed


def test_other_evidence_and_belief_in_tags_survive_too():
    before = Identifier([PHONE, TAG])
    before.identify("", FRAME, 100.0)
    before.identify("", FRAME, 101.0)
    before.corroborate("c-1", 100.0)
    after, _ = Identifier.build([PHONE, TAG], before)
    assert after.identify("", FRAME, 100.0).confirmed
    assert confirmed(after, ("708194", 200)) == [True]


def test_a_scan_right_after_news_of_beacons_is_as_of_the_last_sighting():
    before = Identifier([PHONE])
    before.identify("", NOTHING, 100.0)
    after, _ = Identifier.build([PHONE], before)
    after.corroborate("c-1")
    assert confirmed(after, ("708194", 9000)) == [False]


def test_what_was_believed_of_a_beacon_that_changed_hands_does_not():
    before = Identifier([PHONE])
    confirmed(before, ("708194", 0), ("712345", 900))
    after, _ = Identifier.build([replace(PHONE, subject="c-9")], before)
    assert confirmed(after, ("712345", 1000)) == [False]


@given(st.text(max_size=20), st.binary(max_size=60), st.floats(allow_nan=True))
def test_whatever_is_heard_is_somebody_or_nobody(address, advert, at):
    identifier = Identifier([TAG, PHONE, EID])
    found = identifier.identify(address, parse(advert), at)
    assert found is None or found.beacon in {TAG, PHONE, EID}


# -- variants that must be found out -------------------------------------------------------------


class _BelievesAtOnce(Beliefs):
    def of_address(self, beacon_id, subject, address, at):
        return True


class _CountsSightings(Beliefs):
    """Two sightings of one address, as for tags: chance matches are repeated, too."""

    def of_address(self, beacon_id, subject, address, at):
        return self.of_frame(beacon_id, at)


@pytest.mark.parametrize("variant", [_BelievesAtOnce, _CountsSightings])
def test_believing_one_address_would_name_strangers(variant):
    stranger = "708194"  # fits by chance and is heard for ten minutes

    def named(identifier):
        return any(confirmed(identifier, *((stranger, at) for at in range(0, 600, 60))))

    rash = Identifier([PHONE])
    rash._beliefs = variant()
    assert named(rash)
    assert not named(Identifier([PHONE]))
