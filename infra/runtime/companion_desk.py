"""The inside of a companion process (see `companion`): what comes over the socket lies on a desk until it is its turn."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, BinaryIO, Generic, TypeVar

import msgspec

from infra.core.errors import ConfigError
from infra.core.settings import Settings
from infra.giving_way import step_back

log = logging.getLogger(__name__)

NICE = 5  # behind encoders of live streams and viewers, before what fills in the background
_REMEMBERED = 64  # sessions

Message = TypeVar("Message")
Due = TypeVar("Due")
D = TypeVar("D", bound="Desk[Any, Any]")


class Desk(ABC, Generic[Message, Due]):
    """Takes messages in a thread of its own (`read`), and gives what is to be done (`next`) to another."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._came = threading.Condition()
        self._over = False

    @abstractmethod
    def decode(self, line: bytes, more: BinaryIO) -> Message:
        """A message of this line, and of what is to be read behind it."""

    @abstractmethod
    def lay(self, message: Message) -> None:
        """On the desk. Nobody else looks at it meanwhile."""

    @abstractmethod
    def due(self) -> Due | None:
        """What is to be done first; None: nothing now. Nobody else looks at the desk meanwhile."""

    def read(self) -> None:
        """Until the other end is gone."""
        with self._channel.makefile("rb") as lines:
            while line := lines.readline():
                message = self.decode(line, lines)
                with self._came:
                    self.lay(message)
                    self._came.notify()
        with self._came:
            self._over = True
            self._came.notify()

    def next(self) -> Due | None:
        """What is to be done first, once there is something. None: the end."""
        with self._came:
            while not self._over:
                if (due := self.due()) is not None:
                    return due
                self._came.wait()
        return None

    def tell(self, answer: msgspec.Struct) -> None:
        """Raises OSError when nobody listens."""
        self._channel.sendall(msgspec.json.encode(answer) + b"\n")


def forget_the_oldest(sessions: dict[str, Any]) -> None:
    """No more of them than may be at once by far: nobody says of each when it is over."""
    while len(sessions) > _REMEMBERED:
        del sessions[next(iter(sessions))]


def serve(what: str, desk_at: Callable[[socket.socket], D], work: Callable[[D, Settings], int]) -> int:
    """The main of such a process, whose argument is the number of the socket: its exit code, of `work` when that ends.

    It lives as long as the live process, which has the other end. `what` it is for, for the log.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the live process ends first, and then this
    settings = Settings()
    step_back(NICE)
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        desk = desk_at(channel)
        threading.Thread(target=desk.read, daemon=True).start()
        try:
            return work(desk, settings)
        except ConfigError as error:
            log.warning("no %s: %s", what, error.message)
            return 1
        except BrokenPipeError:
            return 0
