"""Listens to an MQTT broker for ever: the only file that knows aiomqtt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

FIRST_RETRY_S = 1.0
MAX_RETRY_S = 60.0
OnMessage = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is."""

    host: str
    port: int = 1883
    username: str = ""
    password: str = ""
    tls: bool = False
    first_retry_s: float = FIRST_RETRY_S


@dataclass(frozen=True, slots=True)
class BrokerState:
    """Whether the broker answers, since when, and why not."""

    online: bool
    since: datetime
    reason: str = ""


class Listener:
    """One connection, made anew whenever it breaks."""

    def __init__(
        self, settings: BrokerSettings, topics: Sequence[str], now: Callable[[], datetime]
    ):
        """`now` gives aware UTC."""
        self._settings = settings
        self._topics = topics
        self._now = now
        self.state = BrokerState(False, now(), "not connected yet")

    async def run(self, on_message: OnMessage) -> None:
        """Listen until cancelled; `on_message` gets topic and payload."""
        import aiomqtt  # noqa: PLC0415  an extra

        wait_s = self._settings.first_retry_s
        while True:
            try:
                async with self._client() as client:
                    for topic in self._topics:
                        await client.subscribe(topic)
                    self.state = BrokerState(True, self._now())
                    wait_s = self._settings.first_retry_s
                    async for message in client.messages:
                        payload = message.payload
                        on_message(
                            str(message.topic), payload if isinstance(payload, bytes) else b""
                        )
            except (aiomqtt.MqttError, OSError, TimeoutError) as error:
                self._lost(error)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_RETRY_S)

    def _client(self) -> Any:
        import ssl  # noqa: PLC0415

        import aiomqtt  # noqa: PLC0415

        return aiomqtt.Client(
            self._settings.host,
            self._settings.port,
            username=self._settings.username or None,
            password=self._settings.password or None,
            tls_context=ssl.create_default_context() if self._settings.tls else None,
        )

    def _lost(self, error: Exception) -> None:
        reason = f"the broker does not answer: {type(error).__name__}"
        since = self._now() if self.state.online else self.state.since
        self.state = BrokerState(False, since, reason)
