"""What live encoders take of the machine, and whether there is room for another one. Pure: the measuring is elsewhere.

Encoders must keep pace with the clock, all of them. So a newcomer is let in only where what the others take, measured,
leaves what it will need; what it will need is told by its pictures, and by what pictures cost the others on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from transcode.live.plan import LivePlan

_USED = 0.9  # of all cores: something is left for what serves the viewers
# Core seconds a pixel, x264 veryfast in three sizes: measured 6.8e-9, sound included; a noisy camera costs more.
_COST = 8.5e-9
_FACTOR = 3.0  # a machine, or a picture, costs so many times more or less than usual at most
_USUAL_PIXELS = (1280 * 720 + 854 * 480 + 640 * 360) * 30.0  # a second; of a newcomer, of whom nothing is known


@dataclass(slots=True)
class _Running:
    pixels: float  # a second, of all sizes
    cores: float | None = None  # measured; None: not yet
    behind: bool = False  # it does not keep pace, or does so only since it gave something up


class Load:
    """The encoders of one machine."""

    def __init__(self, cores: float) -> None:
        self._cores = cores
        self._running: dict[str, _Running] = {}

    def begin(self, session_id: str, plan: LivePlan) -> None:
        """An encoder of this plan runs for this session."""
        self._running.setdefault(session_id, _Running(pixels(plan)))

    def note(self, session_id: str, cores: float) -> None:
        """It takes so many cores, lately."""
        self._running[session_id].cores = cores

    def behind(self, session_id: str) -> None:
        """It did not keep pace."""
        self._running[session_id].behind = True

    def end(self, session_id: str) -> None:
        """Nothing is encoded for this session just now."""
        self._running.pop(session_id, None)

    def free(self) -> float:
        """Cores that no encoder takes."""
        return self._cores * _USED - self._taken()

    def needs(self, pixels_a_second: float) -> float:
        """Cores that an encoder of so many pixels would take."""
        costs = [one.cores / one.pixels for one in self._running.values() if one.cores and not one.behind]
        cost = min(max(median(costs), _COST / _FACTOR), _COST * _FACTOR) if costs else _COST
        return pixels_a_second * cost

    def refusal(self, in_hand: int) -> str:
        """Why no further session can be taken, in a sentence; empty: one can. `in_hand` are sessions that were let in,
        whether they are encoded already or not.

        A first one is never refused: whatever else the machine does, an encoder gets its share of it.
        """
        if not in_hand:
            return ""
        count = f"{in_hand} live stream{'s' if in_hand > 1 else ''}"
        if any(one.behind for one in self._running.values()):
            return (f"This machine does not keep up with the {count} that it has. End one of them, or have the machine do "
                    "less else.")
        need = self.needs(_USUAL_PIXELS)
        coming = max(0, in_hand - len(self._running)) * need
        if self.free() - coming >= need:
            return ""
        return (f"This machine can not encode another stream in real time: {count} take {self._taken() + coming:.1f} of its "
                f"{self._cores:g} cores, and another one needs about {need:.1f}. End one of them, or use more cores.")

    def _taken(self) -> float:
        return sum(one.cores if one.cores is not None else self.needs(one.pixels) for one in self._running.values())


def pixels(plan: LivePlan) -> float:
    """Pixels a second that an encoder of this plan makes."""
    return float(sum(one.width_px * one.height_px for one in plan.renditions) * plan.frame_rate)
