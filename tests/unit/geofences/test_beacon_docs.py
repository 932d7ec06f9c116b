"""What docs/beacons.md shows is what happens."""

import json
import re
from io import StringIO
from pathlib import Path

from pydantic import TypeAdapter

from geofences.beacons import resolving
from geofences.beacons.identify import Identifier
from geofences.beacons.model import Beacon, BeaconKind
from store_agent.commands.decode_advert import decode_adverts
from store_agent.domain.catalog import Transmitter, TransmitterKind

TEXT = (Path(__file__).parents[3] / "docs" / "beacons.md").read_text(encoding="utf-8")


def test_every_example_is_decoded_as_shown():
    shown = re.findall(r"^\$ echo (.+) \| store-agent decode advert\n(.+)$", TEXT, re.MULTILINE)
    out = StringIO()
    decode_adverts(StringIO("".join(f"{line}\n" for line, _ in shown)), out)
    assert out.getvalue().splitlines() == [answer for _, answer in shown]
    assert len(shown) >= 8


def test_the_documents_shown_are_usable():
    document = TEXT.split("```json")[1].split("```")[0]
    known = TypeAdapter(list[Transmitter]).validate_json(document, strict=True)
    names = set(Beacon.__slots__) - {"id", "kind", "subject"}
    beacons = [
        Beacon(
            one.id,
            BeaconKind(one.kind.value),
            one.customer_id,
            **{name: getattr(one, name) for name in names},
        )
        for one in known
    ]
    _, faults = Identifier.build(beacons)
    assert faults == ()
    assert len(beacons) == len(json.loads(document)) == 5


def test_the_byte_order_of_a_key_is_the_one_described():
    key, address = re.findall(r"`([0-9a-f]{32})` explains the address `([0-9A-F:]{17})`", TEXT)[0]
    raw = resolving.address_bytes(address)
    assert resolving.hash_of(resolving.encryptor(bytes.fromhex(key)), raw) == raw[3:]


def test_every_kind_of_beacon_has_its_row():
    rows = set(re.findall(r"^\| `([a-z_]+)` \| `", TEXT, re.MULTILINE))
    assert rows == {kind.value for kind in TransmitterKind}
