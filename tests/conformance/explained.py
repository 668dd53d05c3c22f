"""Rules that a package of Lectern may break, and why. What breaks any other fails a test."""

from __future__ import annotations

EXPLAINED: dict[str, str] = {
    "1.4": "A fit source is copied as it is: what was recorded in Baseline or Main profile stays that.",
    "1.11": "Levels below 1.3 are not declared: the cap of the smallest rung, 800 kbit/s, needs 1.3.",
    "1.13": "A key frame is at the start of each segment only: 6 s. On slides a group of 6 to 8 s halves the bits of one "
            "of 2 s, and the first three segments are 2 s, so that playback starts at once.",
    "1.18": "A source below 23.976 frames a second (a screen recording at 2 or 6) keeps its rate: repeating frames would "
            "cost bits and show nothing.",
    "1.30": "Slides: a new slide is a burst after seconds of nothing. The cap bounds it.",
    "1.32": "The first variant is the one nearest to 720p: of a lecture that is a better first choice than a bit rate.",
    "2.3": "A mono source whose AAC can be copied stays mono: every player plays it, and copying changes nothing.",
    "2.9": "Copied AAC keeps the rate it was recorded with, up to 320 kbit/s.",
    "2.18": "Pending: loudness is to be measured and written as 'ludt'.",
    "6.1": "Pending: I-frame playlists.",
    "6.5": "Slides: a key frame is nearly all there is of a segment, so I-frames can not be an eighth of its rate.",
    "7.5": "Where a fit source is copied the segments follow its key frames, which may be up to 8 s apart.",
    "9.9": "A source no larger than the smallest rung has one rung.",
    "9.10": "Where there is one codec, there is one rendition a size; the quality of a rung is set by its content.",
}
