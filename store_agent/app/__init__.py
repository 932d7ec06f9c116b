"""The composition root: settings in, a running agent out. The only place where things are wired."""

from store_agent.app.doorway import Addresses, Doorway, open_doorway
from store_agent.app.root import Agent, build, open_files, run

__all__ = ["Addresses", "Agent", "Doorway", "build", "open_doorway", "open_files", "run"]
