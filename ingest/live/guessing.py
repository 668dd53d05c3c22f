"""Slows down who tries out stream keys: after some wrong ones an address is refused for a while, whatever it sends. Pure."""

from __future__ import annotations

WRONG = 10  # keys within the time
WITHIN_S = 60.0
_ADDRESSES = 10_000  # remembered at most


class Guessing:
    """Wrong keys by address. `now_s` is any clock that only goes forward."""

    def __init__(self) -> None:
        self._wrong: dict[str, list[float]] = {}

    def barred(self, address: str, now_s: float) -> bool:
        """Whether this address has sent too many wrong keys lately."""
        recent = [at for at in self._wrong.get(address, ()) if now_s - at < WITHIN_S]
        if recent:
            self._wrong[address] = recent
        else:
            self._wrong.pop(address, None)
        return len(recent) >= WRONG

    def wrong(self, address: str, now_s: float) -> None:
        """It sent a wrong one."""
        if len(self._wrong) >= _ADDRESSES:
            self._wrong.pop(next(iter(self._wrong)))
        self._wrong.setdefault(address, []).append(now_s)
