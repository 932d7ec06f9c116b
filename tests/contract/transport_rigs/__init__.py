"""Every transport under the contract: a new one is one rig file and one row here."""

from __future__ import annotations

from collections.abc import Mapping

from contract.transport_rigs.platform import PlatformRig
from contract.transport_rigs.recording import RecordingRig
from contract.transport_rigs.rig import Rig

RIGS: Mapping[str, type[Rig]] = {
    "platform": PlatformRig,
    "recording": RecordingRig,
}
