"""Where the agent can be reached: names, certificates, listeners."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from store_agent import certificates
from store_agent.app.serving import Listener, bind
from store_agent.clock import EARLIEST_PLAUSIBLE, Clock
from store_agent.config import Settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Addresses:
    """`url`: plain HTTP for this box; `lan_url`: HTTPS for tablets; `ca`: what they must trust."""

    url: str
    lan_url: str
    ca: Path
    hosts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Doorway:
    """The bound sockets and their addresses."""

    plain: Listener
    secure: Listener
    addresses: Addresses


def open_doorway(settings: Settings, clock: Clock) -> Doorway:
    """Bind both ports, issue or renew the certificate. Raises Unavailable for a taken port."""
    http, names = settings.http, own_names(settings)
    # A box that boots in 1970 must not issue a certificate that no tablet accepts.
    now = max(clock.now(), EARLIEST_PLAUSIBLE)
    tls = certificates.ensure(settings.data / "tls", settings.store.name, names, now)
    plain = Listener(bind("127.0.0.1", http.port))
    secure = Listener(bind(http.lan_host, http.lan_port), tls)
    host = http.names[0] if http.names else _address(http.lan_host)
    addresses = Addresses(
        url=f"http://127.0.0.1:{plain.port}",
        lan_url=f"https://{host}:{secure.port}",
        ca=tls.ca,
        hosts=frozenset({*LOOPBACK, *names}),
    )
    return Doorway(plain, secure, addresses)


def own_names(settings: Settings) -> tuple[str, ...]:
    """Under which names tablets may reach this box; all of them stand in the certificate."""
    own = socket.gethostname().lower()
    names = [*settings.http.names, own, f"{own}.local", "localhost", "127.0.0.1"]
    if not ipaddress.ip_address(settings.http.lan_host).is_loopback:
        names.append(_address(settings.http.lan_host))
    return tuple(dict.fromkeys(names))


def _address(host: str) -> str:
    """This box's address in the shop's network. Asks the routing table; sends nothing."""
    if not ipaddress.ip_address(host).is_unspecified:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: an address that never exists
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address
