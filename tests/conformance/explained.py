"""Rules that a package of Lectern may break, and why. What breaks any other fails a test."""

from __future__ import annotations

EXPLAINED: dict[str, str] = {
    "1.4": "Where the source is fit to be the top rung its own packets are, in the profile that they were made in.",
    "1.11": "Levels below 1.3 are not declared: the cap of the smallest rung, 800 kbit/s, needs 1.3. Packets of a fit "
            "source keep the level they were made with.",
    "1.13": "A key frame is at the start of each segment only: 6 s. On slides a group of 6 to 8 s halves the bits of one "
            "of 2 s, and the first three segments are 2 s, so that playback starts at once.",
    "1.18": "A source below 23.976 frames a second (a screen recording at 2 or 6) keeps its rate: repeating frames would "
            "cost bits and show nothing.",
    "1.26": "Until every cell is rendered only the rungs' caps are known, and they are declared; the measured average is "
            "declared once the video is complete.",
    "1.27": "As 1.26: before that the declared peak is the cap, which slides stay far below. It is never too small (9.13).",
    "1.30": "Slides: a new slide is a burst after seconds of nothing. The cap bounds it.",
    "1.32": "The first variant is the one nearest to 720p: of a lecture that is a better first choice than a bit rate.",
    "2.3": "A mono source whose AAC can be copied stays mono: every player plays it, and copying changes nothing.",
    "2.9": "Copied AAC keeps the rate it was recorded with, up to 320 kbit/s.",
    "2.18": "An init section is served before all of the sound was heard, and never changes. How loud a track is, "
            "GET /videos/{id} tells.",
    "6.2": "A picture every 2 s, not every one: half the files, and finer than a finger on a time bar.",
    "6.6": "One I-frame rendition, of the smallest size: fast forward needs no other.",
    "6.5": "Slides: a key frame is nearly all there is of a segment, so I-frames can not be an eighth of its rate.",
    "7.5": "Where the packets of a fit source are the top rung, segments begin at its key frames: up to 8 s.",
    "9.9": "A source no larger than the smallest rung has one rung.",
    "9.10": "Where there is one codec, there is one rendition a size; the quality of a rung is set by its content.",
}
