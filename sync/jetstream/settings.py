"""How a shop reaches its NATS: the fields that its transport and its feed share."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SCHEMES = ("nats://", "tls://", "ws://", "wss://")


class LineSettings(BaseModel):
    """Servers and who the shop is to them: one way to say so at most."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    servers: tuple[str, ...] = Field(
        min_length=1, description="e.g. tls://nats.example:4222; tls:// refuses a line in clear"
    )
    credentials_file: Path | None = Field(None, description="a .creds file: JWT and seed")
    nkey_seed: str = Field("", repr=False, description="SU..., for servers without accounts' JWTs")
    token: str = Field("", repr=False)
    user: str = ""
    password: str = Field("", repr=False)
    ca_file: Path | None = Field(None, description="default: the authorities the system trusts")
    domain: str = Field(
        "", pattern=r"^[A-Za-z0-9_-]*$", description="JetStream domain, behind a leaf node"
    )

    @field_validator("servers")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            if not server.startswith(SCHEMES):
                raise ValueError(f"an address begins with one of {', '.join(SCHEMES)}")
            if "@" in server:
                raise ValueError("write user and password in their own fields")
        return value

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        ways = (self.credentials_file is not None, self.nkey_seed, self.token, self.user)
        if sum(map(bool, ways)) > 1:
            raise ValueError("use one of credentials_file, nkey_seed, token, user")
        return self
