"""Outlines to write documents of, one of them as nasty as titles, speech and slides can be."""

from __future__ import annotations

from datetime import UTC, datetime

import cv2
import numpy as np

from enrich.chapters import Chapter
from enrich.outline import Outline, compose
from enrich.phrases import Phrase
from enrich.slide import Line, Slide
from enrich.transcript import Word
from player_api.outline_places import Places

PLACES = Places("https://lectern.example/watch/p_1", lambda one: f"https://lectern.example/{one.image}.jpg?a=1&b=2")
DATE = datetime(2026, 3, 1, tzinfo=UTC)
NASTY = ["<script>alert(1)</script>", "]](javascript:x) ![a](b) `c` **d** _e_ ~~f~~", "</style></title>&lt;&#0;\"'",
         "- 1. # > + = |",
         "1. http://a.example/ www.b.example c@d.example", "{{ 7 * 7 }} {% raw %} $x$ \\",
         "a\0b\ud800c\u202ed\u2028e\x07f",
         "العربية: نص", "עברית", "हिन्दी में", "ภาษาไทย", "தமிழ்", "తెలుగు", "ខ្មែរ", "漢字かな한국어", "Δ ∀x∈ℝ ∑ ≤ √ →",
         "\N{GRINNING FACE}\u200d\N{VARIATION SELECTOR-16}", "e\u0301\U000e0001\ufdd0\U0010ffff", "word" * 300, "\n \t"]


def said(*texts: str) -> list[Word]:
    """A sentence every 10 s."""
    return [Word(text=f" {text}.", start_s=10.0 * i, end_s=10.0 * i + 6, probability=0.9) for i, text in enumerate(texts)]


def picture(text: str) -> bytes:
    drawn = np.full((180, 320, 3), 240, np.uint8)
    cv2.putText(drawn, text, (20, 90), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 2)
    return bytes(cv2.imencode(".jpg", drawn)[1])


def slide(start_s: float, text: str, image: int) -> Slide:
    lines = tuple(Line(text=line, left=0.1, top=0.1 + 0.1 * i, width=0.6, height=0.08, confidence=90)
                  for i, line in enumerate(text.split("\n")))
    return Slide(start_s=start_s, end_s=start_s + 20, new=True, title=text.split("\n")[0], text=text, image=image,
                 lines=lines)


def lecture() -> Outline:
    """Two chapters, two slides, in English."""
    return compose("Graphs", "en", 80, chapters=[Chapter(start_s=0, title="Nodes"), Chapter(start_s=40, title="Edges")],
                   phrases=[Phrase(text="shortest path", score=1, times_s=(1, 50))],
                   slides=[slide(0, "Nodes\nare points", 5), slide(40, "Edges\njoin nodes", 405)],
                   words=said("A graph has nodes", "They have names", "Nothing else", "That is all", "Then there are edges",
                              "Each has two ends"),
                   notes=["No slides were looked for."])


def nasty() -> Outline:
    """Every sentence, title and slide is one of NASTY."""
    return compose(NASTY[0] + NASTY[6] + NASTY[14], "en", 400, phrases=[
        Phrase(text=text, score=1, times_s=(1,)) for text in NASTY[:10]],
        chapters=[Chapter(start_s=20.0 * i, title=text) for i, text in enumerate(NASTY)],
        slides=[slide(20.0 * i, text, i) for i, text in enumerate(NASTY)], words=said(*NASTY * 2), notes=NASTY[:2])
