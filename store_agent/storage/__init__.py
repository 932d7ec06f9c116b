"""What the shop remembers: the ledger (never lost) and the cache (can be fetched again).

Start with `open_storage`. The modules named like a table or a collection are plain functions over
a `Connection`; `Storage` runs them in the right thread and transaction.
"""

from store_agent.storage.connection import Connection
from store_agent.storage.opening import Recovery
from store_agent.storage.storage import Lodger, Storage, StorageSettings, open_storage
from store_agent.storage.view import View

__all__ = ["Connection", "Lodger", "Recovery", "Storage", "StorageSettings", "View", "open_storage"]
