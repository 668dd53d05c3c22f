"""What a video is about. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from enrich.phrases import Background, Phrase, key_phrases
from enrich.sentences import sentences
from enrich.slide import Slide
from enrich.transcript import Word

OF_A_VIDEO, OF_A_CHAPTER = 10, 5


def find(words: Sequence[Word], slides: Sequence[Slide], language: str | None = None, others: Background | None = None
         ) -> list[Phrase]:
    """Its phrases, the best first, with the seconds they are said at; up to 60, of which a video is shown with ten.

    So many, because each chapter, and chapters can be edited, has its own five among them, and because they tell what
    is common to the videos of an organization: `others`.
    """
    return key_phrases(list(sentences(words)), language, others, shown="\n".join(slide.text for slide in slides))
