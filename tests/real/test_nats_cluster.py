"""Three servers that hold each message three times, and the identities a fleet really uses."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats_server import NatsServer, free_ports

from sync.errors import TransportError
from sync.jetstream import credentials
from sync.jetstream.line import NatsLine
from sync.outbox import OutboxRow
from sync.transports.nats import NatsTransport, Settings, plan_of

EVENTS = 6_000
PAGE = 500
pytestmark = pytest.mark.asyncio


def rows(count: int) -> list[OutboxRow]:
    at = "2026-11-21T10:00:00.000000Z"
    return [OutboxRow(n, f"e{n:06}", "t", "c-1", at, b'{"n":1}') for n in range(1, count + 1)]


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[list[NatsServer]]:
    ports = free_ports(3)
    routes = ", ".join(f"nats://127.0.0.1:{port}" for port in ports)
    servers = []
    for number, port in enumerate(ports):
        own = folder / str(number)
        own.mkdir()
        extra = (
            f"server_name: n{number}\n"
            f"cluster {{ name: shops, listen: 127.0.0.1:{port}, routes: [{routes}] }}"
        )
        servers.append(NatsServer(own, extra))
    for server in servers:
        await server.start()
    try:
        yield servers
    finally:
        for server in servers:
            server.stop()


async def insist(attempt, within_s: float = 30):
    """Until it works: a cluster elects before it answers."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await attempt()
            except TransportError:
                await asyncio.sleep(0.1)


async def leader_of(line: NatsLine) -> int:
    async def ask() -> str:
        async with line._exchange(2) as link:
            return (await line._ask(link, "STREAM.INFO.EVENTS"))["cluster"]["leader"]

    return int((await insist(ask))[1:])


async def stored(line: NatsLine) -> list[str]:
    tail = await line.tail("EVENTS", [("store.>", 0)])
    found: list[str] = []
    while messages := await tail.fetch(500, 1.0):
        found += [orjson.loads(message.body)["id"] for message in messages]
    return found


async def test_a_stream_of_three_copies_loses_and_reorders_nothing_when_its_leader_is_killed(
    tmp_path,
):
    async with cluster(tmp_path) as servers:
        urls = tuple(server.url for server in servers)
        settings = Settings(servers=urls, min_replicas=3)
        operator = NatsLine(settings, "operator")
        await insist(lambda: operator.create(plan_of(settings)))
        line = NatsLine(settings, "s1")
        transport = NatsTransport(line, settings, "s1", "epoch1", deadline_s=2)
        page, done = rows(EVENTS), 0
        while done < EVENTS:
            batch = page[done : done + PAGE]
            done += len(await insist(lambda batch=batch: transport.send(batch)))
            if done == EVENTS // 2:
                killed = servers[await leader_of(operator)]
                killed.kill()
                await insist(lambda batch=batch: transport.send(batch))  # their answer was lost
                await killed.start()
        assert await insist(lambda: stored(operator)) == [row.id for row in page]
        await transport.close()
        await operator.close()


# --- TLS ----------------------------------------------------------------------------------------


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody signed but itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nats.example")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "server.crt", folder / "server.key"
    certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


async def attempt(settings: Settings, store_id: str = "s1") -> None:
    """Send one event."""
    transport = NatsTransport(NatsLine(settings, store_id), settings, store_id, "epoch1")
    try:
        assert {result.delivered for result in await transport.send(rows(1))} == {True}
    finally:
        await transport.close()


async def test_tls_is_spoken_with_servers_that_are_trusted_and_with_no_others(tmp_path):
    certificate_file, key_file = certificate(tmp_path)
    async with NatsServer(
        tmp_path, f"tls {{ cert_file: {certificate_file}, key_file: {key_file} }}"
    ) as server:
        url = server.url.replace("nats://", "tls://")
        await attempt(Settings(servers=(url,), ca_file=certificate_file, create=True))
        for untrusted in (
            Settings(servers=(url,)),
            Settings(servers=(url.replace("127.0.0.1", "localhost"),), ca_file=certificate_file),
        ):
            with pytest.raises(TransportError) as caught:
                await attempt(untrusted)
            assert caught.value.permanent
            assert "ca_file" in caught.value.hint
        with pytest.raises(TransportError, match="no certificate"):
            await attempt(Settings(servers=(url,), ca_file=key_file))


# --- accounts: the JWT of an operator, an account and a shop ------------------------------------


class Key:
    """An nkey of any kind, which signs JWTs as the nsc tool does."""

    def __init__(self, kind: str) -> None:
        self.prefix = {"operator": 14 << 3, "account": 0, "user": 20 << 3}[kind]
        self.private = Ed25519PrivateKey.from_private_bytes(secrets.token_bytes(32))
        raw = self.private.public_key().public_bytes_raw()
        self.public = credentials._encode(bytes([self.prefix]) + raw)

    @property
    def seed(self) -> str:
        head = bytes([(18 << 3) | self.prefix >> 5, (self.prefix & 31) << 3])
        return credentials._encode(head + self.private.private_bytes_raw())

    def jwt(self, subject: str, name: str, claims: dict[str, object]) -> str:
        now = int(datetime.now(UTC).timestamp())
        body = {"jti": name, "iat": now, "iss": self.public, "sub": subject, "name": name}
        head = {"typ": "JWT", "alg": "ed25519-nkey"}
        text = ".".join(
            _base64(json.dumps(part).encode()) for part in (head, body | {"nats": claims})
        )
        return f"{text}.{_base64(self.private.sign(text.encode()))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


LIMITS = {
    **dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1),
    **dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1),
    "wildcards": True,
}


async def test_a_creds_file_is_a_shops_identity_and_a_forged_one_is_none(tmp_path):
    operator, account, shop, stranger = (Key(k) for k in ("operator", "account", "user", "user"))
    system = Key("account")
    operator_jwt = operator.jwt(
        operator.public, "op", {"type": "operator", "version": 2, "system_account": system.public}
    )
    account_claims = {"type": "account", "version": 2, "limits": LIMITS}
    account_jwt = operator.jwt(account.public, "fleet", account_claims)
    system_jwt = operator.jwt(system.public, "sys", {"type": "account", "version": 2})
    async with NatsServer(
        tmp_path,
        f"operator: {operator_jwt}\nsystem_account: {system.public}\nresolver: MEMORY\n"
        f"resolver_preload: {{ {account.public}: {account_jwt}, {system.public}: {system_jwt} }}",
    ) as server:

        def creds(user: Key, issuer: Key) -> Path:
            jwt = issuer.jwt(
                user.public,
                "shop",
                {"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1},
            )
            path = tmp_path / f"{user.public}.creds"
            path.write_text(
                f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
                f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
            )
            return path

        own = Settings(servers=(server.url,), credentials_file=creds(shop, account), create=True)
        await attempt(own)
        forged = own.model_copy(update={"credentials_file": creds(stranger, Key("account"))})
        with pytest.raises(TransportError) as caught:
            await attempt(forged)
        assert caught.value.permanent
        assert "credentials" in caught.value.hint
