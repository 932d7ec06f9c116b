"""Why storage refuses to start or to import.

AgentError
├── StorageRefused    the files are fine or may be, but must not be used like this
│   ├── WrongKey      the key file is not the one these files were made with
│   ├── NotEncrypted  no key was given, or the file on disk is plain text
│   ├── NewerSchema   a newer release wrote the file
│   ├── OtherStore    the ledger belongs to another store
│   ├── InUse         another agent has the folder open
│   └── NotDurable    SQLite did not accept the settings that make a commit durable
└── SnapshotFailed    the snapshot could not be imported; the old cache is still in use
"""

from __future__ import annotations

from store_agent.domain.errors import AgentError


class StorageRefused(AgentError):
    """The files must not be used like this; nothing was changed."""


class WrongKey(StorageRefused):
    """The key is not the one these files were made with."""


class NotEncrypted(StorageRefused):
    """Real data may not stand in an unencrypted file unless the settings say so."""


class NewerSchema(StorageRefused):
    """A newer release wrote the file; going back would lose what this release does not know."""


class OtherStore(StorageRefused):
    """The ledger belongs to another store: one agent is one store, for ever."""


class InUse(StorageRefused):
    """Another agent has the folder open."""


class NotDurable(StorageRefused):
    """SQLite did not accept the settings that make a commit survive a power cut."""


class SnapshotFailed(AgentError):
    """The snapshot could not be imported; the old cache is still in use; try again later."""

    permanent = False
