"""docs/conformance.md, written from the rules themselves and what they say of a package that was just made.

    python -m tests.conformance.page > docs/conformance.md
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from . import broken_bytes, broken_dash, broken_playlists, broken_sound
from .broken import BROKEN
from .explained import EXPLAINED
from .hlslint import RULES, lint
from .model import made, source
from .registry import Outcome, Rule

FAULTS = (broken_bytes, broken_dash, broken_playlists, broken_sound)
HEAD = """# Conformance

What the standards ask of a package of segments, playlists and manifest, how it is checked, and whether Lectern's own
keeps it. Written by `python -m tests.conformance.page > docs/conformance.md`; a test compares.

- Numbers such as 7.4 are those of Apple's HLS Authoring Specification; R4.4.3.1 is section 4.4.3.1 of RFC 8216bis. The
  standards behind D (DASH, ISO/IEC 23009-1, and DASH-IF), C (CMAF, ISO/IEC 23000-19), X (CTA-5005: HLS and DASH over the
  same segments) and H (HTTP, RFC 9110 and 9111; CORS) do not number their rules: these numbers are ours.
- Each rule is a function of `tests/conformance/rules_*.py` that reads the coded bytes with a box reader of the tests' own:
  never the manifest's word for what a segment is.
- Each function is proven: "faults" counts packages with one fault each (`tests/conformance/broken*.py`,
  `test_delivery.py`) in which the linter names this rule and no other of its standard.
- "Result" is that of a package which `lectern process` has just made of an 18 s clip of 854x480 with stereo sound;
  rules about HTTP are checked on the running service (`tests/e2e/test_conformance.py`).
- `python -m tests.conformance FOLDER` (or the address of a multivariant playlist) lints any other package.

"""
TAIL = """
## Not checked here

- 1.15 (30 interlaced frames become 60): the output rate is that of the source's frames. Bytes do not show it.
- 1.25 (bit rates of Apple's table), 9.17 (order of renditions of one language): advice about choices, for a person to judge.
- 11, 12: TLS is ended by the server in front ([operate.md](operate.md)); 13.7: nothing is encrypted.
- 14: low latency belongs to live streams.

## Other programs

| program | what it is asked | where |
|---|---|---|
| ffmpeg | reads every playlist through, and decodes every segment without a warning | tests/conformance/test_programs.py |
| m3u8 (Python) | parses every playlist to the same segments | tests/conformance/test_programs.py |
| Shaka Packager | packages the same encodes; what it declares is compared | tests/conformance/test_programs.py |
| hls.js, Shaka Player (HLS, DASH), dash.js | play, seek, every level, the end | tests/e2e/test_other_players.py |
| MPD schema of ISO/IEC 23009-1 | validates the manifest, where it is at hand | tests/conformance/test_schema.py |

Where Shaka Packager 3.x differs on the same encodes:

- EXT-X-TARGETDURATION: it rounds the longest segment up, Lectern rounds to the nearest as RFC 8216bis 4.4.3.1 has it
  (a sound segment of 6.016 s does not make 7 of 6).
- BANDWIDTH and AVERAGE-BANDWIDTH: it measures finished files. So does Lectern, once every cell is rendered; before that
  the rung's cap is declared, so that the playlist can be read before the first cell is.
- The set of attributes, CODECS, RESOLUTION, FRAME-RATE, EXT-X-PLAYLIST-TYPE, the brand `cmfc` in headers, and the
  samples themselves: the same.

For outsiders: `mediastreamvalidator ADDRESS/master.m3u8` and `hlsreport` on a Mac; `dashcheck ADDRESS/manifest.mpd` with Go.
"""


def row(rule: Rule, outcome: Outcome | None) -> str:
    """A line of the table."""
    faults = sum(one.rule == rule.id for one in BROKEN)
    where = f"{rule.check.__module__.rpartition('.')[2]}.{rule.check.__name__}"
    if outcome is None:
        result = "not applicable: a server in front ends TLS" if rule.id == "12.1" else "pass"
    elif outcome.problems:
        result = f"fails, explained: {EXPLAINED.get(rule.id, 'NO EXPLANATION')}"
    else:
        result = f"not applicable: {outcome.not_applicable}" if outcome.not_applicable else "pass"
    return f"| {rule.id} | {rule.level} | {rule.title} | {where} | {faults or ''} | {result} |"


def page(outcomes: dict[str, Outcome]) -> str:
    """The whole page."""
    text = HEAD
    for name in ("Apple HLS authoring", "RFC 8216bis", "DASH", "CMAF", "CTA-5005", "HTTP"):
        rules = sorted((rule for rule in RULES.values() if rule.source == name), key=lambda rule: _order(rule.id))
        text += f"## {name}\n\n| rule | | what it asks | checked by | faults | result |\n|---|---|---|---|---|---|\n"
        text += "".join(row(rule, outcomes.get(rule.id)) + "\n" for rule in rules) + "\n"
    return text.rstrip() + "\n" + TAIL


def _order(number: str) -> list[tuple[int, str]]:
    parts = number.lstrip("RDCXH").split(".")
    return [(int("".join(filter(str.isdigit, part)) or 0), part) for part in parts]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(page(lint(made(source(Path(folder) / "lecture.mp4"), Path(folder) / "out"))), end="")


if __name__ == "__main__":
    main()
