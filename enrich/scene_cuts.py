"""Where a film is cut from one camera, or one place, to another. PySceneDetect's detector on small pictures of ours.

Its AdaptiveDetector compares each picture's change with those around it, so a camera that moves is no cut. It is given the
pictures; no file is opened by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from enrich.small_pictures import Small, Times

SHORTEST_S = 1.0  # of a scene: shorter ones are flashes, or an effect
_TICK = Fraction(1, 90_000)
_ANY_RATE = 25.0  # frames/s: asked for, and not used with times


def cuts(runs: Iterable[tuple[Times, Small]]) -> list[float]:
    """The seconds at which a new scene begins, in order; not that of the first.

    `runs` are all pictures, in colour and in order of time.
    """
    from scenedetect.common import FrameTimecode, Timecode  # a second to import, and only films need it
    from scenedetect.detectors import AdaptiveDetector

    detector = AdaptiveDetector(min_scene_len=SHORTEST_S)
    found: list[float] = []
    for times_s, pictures in runs:
        for time_s, picture in zip(times_s, pictures, strict=True):
            at = FrameTimecode(Timecode(round(time_s / _TICK), _TICK), _ANY_RATE)
            found += [cut.seconds for cut in detector.process_frame(at, picture)]
    return found
