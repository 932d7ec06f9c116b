"""The shipped twin of SAP Emarsys: its API, sales data and loyalty doors, with their quirks.

For tests, demos and trying out settings; see docs/emarsys.md. All hosts are one here.
"""

from sync.fake_emarsys.account import Account, Contact, Fault, Segment
from sync.fake_emarsys.app import create_app
from sync.fake_emarsys.wire import FakeWire, LineFault

__all__ = ["Account", "Contact", "FakeWire", "Fault", "LineFault", "Segment", "create_app"]
