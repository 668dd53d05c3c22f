"""Where publishers come in: one port, an adapter for each way. Each asks the desk before it takes a byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from infra.core.live import LiveSource


@dataclass(frozen=True, slots=True)
class Knock:
    """A publisher that asks to be let in. `client` names its connection, and no other one of this process, ever."""

    protocol: str  # "rtmp", "srt"
    client: str
    key: str  # as it was given; a secret: never logged
    address: str  # where it comes from


@dataclass(frozen=True, slots=True)
class Admitted:
    """It may publish. `publication` names it from now on, and can not be guessed: adapters may use it as an inner name."""

    publication: str


class Refused(Exception):
    """It may not. The code and the sentence are for logs: protocols tell publishers nothing but "no"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Desk(Protocol):
    """Decides who may publish, and takes over their bytes. Whatever fails in it is a refusal."""

    async def ask(self, knock: Knock) -> Admitted:
        """Let it in, or raise Refused: an unknown or outdated key, somebody who publishes with it, no room."""

    async def take(self, publication: str, source: LiveSource) -> None:
        """Its bytes. Called once for each admitted publication; returns at once.

        An admitted publication that never comes to this is forgotten after a few seconds, or by `gone`.
        """

    async def gone(self, client: str) -> None:
        """A connection has ended. One that was refused, or is unknown, is no concern of any session."""


class LiveIngest(Protocol):
    """One way in. Owned by the live process."""

    protocol: str
    port: int  # where it listens; known after `start`

    async def start(self, desk: Desk) -> None:
        """Listen. Raises ConfigError with the way out when what it needs is not installed, or the port is taken."""

    async def drop(self, client: str) -> None:
        """End this connection. One that has ended is no error."""

    async def close(self) -> None:
        """Stop listening, end all connections and everything that was started."""

    def publish_url(self, host: str) -> str:
        """What an encoder (OBS) is given beside the key: `rtmp://HOST:PORT/live`."""
