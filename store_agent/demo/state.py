"""What the demo keeps between two starts: its tokens, ports and pairing code."""

from __future__ import annotations

import hashlib
import secrets
import socket
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import orjson

from store_agent.config import Audience

FILE = "demo-state.json"
MACHINES = (
    Audience.TILL,
    Audience.RELAY,
    Audience.SATELLITE,
    Audience.DISPLAY,
    Audience.MONITOR,
    Audience.ADMIN,
)
TOKEN_BYTES = 24
PAIRING_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def _token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class DemoState:
    """Secrets of one demo directory. They open an invented shop only."""

    tills: tuple[str, ...]
    tokens: dict[str, str] = field(default_factory=lambda: {a.value: _token() for a in MACHINES})
    till_tokens: dict[str, str] = field(default_factory=dict)
    platform_token: str = field(default_factory=_token)
    pairing_code: str = field(
        default_factory=lambda: "".join(secrets.choice(PAIRING_ALPHABET) for _ in range(8))
    )
    platform_port: int = 0
    lan_port: int = 0

    def token_settings(self) -> list[dict[str, str]]:
        """The `tokens` section of the agent's settings."""
        machines = [(kind, "", token) for kind, token in self.tokens.items()]
        tills = [(Audience.TILL.value, till, token) for till, token in self.till_tokens.items()]
        return [
            {"audience": kind, "name": name, "sha256": hashlib.sha256(token.encode()).hexdigest()}
            for kind, name, token in (*machines, *tills)
        ]


def load_or_create(folder: Path, tills: tuple[str, ...]) -> DemoState:
    """The state of this directory, with ports that are free now."""
    path = folder / FILE
    if path.exists():
        stored = orjson.loads(path.read_bytes())
        state = DemoState(**{**stored, "tills": tuple(stored["tills"])})
    else:
        state = DemoState(tills, till_tokens={till: _token() for till in tills})
    state = replace(
        state,
        platform_port=_free_port(state.platform_port),
        lan_port=_free_port(state.lan_port),
    )
    path.write_bytes(orjson.dumps(asdict(state), option=orjson.OPT_INDENT_2))
    path.chmod(0o600)
    return state


def _free_port(wanted: int) -> int:
    """`wanted` if nobody has it, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError("no free port on this machine")
