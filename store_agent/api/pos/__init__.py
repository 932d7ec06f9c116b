"""The till hook `/pos/v1`: docs/till-hook.md is its contract."""

from store_agent.api.pos.router import router

__all__ = ["router"]
