"""Every transport under the contract: a new one is one rig file and one row here."""

from __future__ import annotations

from collections.abc import Mapping

from contract.transport_rigs.csv_file import CsvRig
from contract.transport_rigs.emarsys import EmarsysRig, EmarsysSalesRig
from contract.transport_rigs.example import ExampleRig
from contract.transport_rigs.nats import NatsRig
from contract.transport_rigs.platform import PlainPlatformRig, PlatformRig
from contract.transport_rigs.recording import RecordingRig
from contract.transport_rigs.rig import Rig
from contract.transport_rigs.segment import RudderStackRig, SegmentRig
from contract.transport_rigs.selected import SelectedRig
from contract.transport_rigs.webhook import WebhookRig

RIGS: Mapping[str, type[Rig]] = {
    "platform": PlatformRig,
    "platform in single events": PlainPlatformRig,
    "emarsys": EmarsysRig,
    "emarsys sales": EmarsysSalesRig,
    "nats": NatsRig,
    "recording": RecordingRig,
    "segment": SegmentRig,
    "rudderstack": RudderStackRig,
    "webhook": WebhookRig,
    "csv": CsvRig,
    "selected": SelectedRig,
    "example of the docs": ExampleRig,
}
