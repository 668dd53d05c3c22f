"""The outline for `lectern process`: slides, chapters, and both with what is said as a page and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from enrich import topics
from enrich.chapters import Chapter, find
from enrich.outline import compose
from enrich.slide import Slides
from enrich.transcript import Transcript, Word
from infra.core import keys
from infra.core.errors import StepFailed
from infra.core.keys import PlanKeys
from infra.core.settings import Settings
from infra.core.steps import StepContext, Tools, VideoRecord
from infra.process import ProcessRunner
from infra.runtime.itinerary import footage_of
from infra.runtime.offline_speech import Spoken
from infra.storage.local import LocalStorage
from player_api import chapters
from player_api.outline_html import html
from player_api.outline_markdown import markdown
from player_api.outline_places import Places
from transcode.plan import Plan

_SOUND_ALONE = "This is sound alone: it has no slides."


def look_for_slides(storage: LocalStorage, plan: Plan, language: str | None, work: Path, settings: Settings, tools: Tools,
                    runner: ProcessRunner, make_still: Callable[[int], None]) -> Slides:
    """The slides of what is rendered in `storage`; without slides, why there are none. `work` is an empty folder."""
    from enrich.slides import slides

    if not plan.video:
        return Slides(why_none=_SOUND_ALONE)
    video = VideoRecord("here", "here", "", None, None, plan.id, plan.model_dump(mode="json"), language)
    ctx = StepContext(video, "", work, settings, storage, tools, runner, lambda share: None, lambda: None)
    key = keys.slides(video.organization_id, video.id)
    try:
        slides(ctx, footage_of(plan, PlanKeys(""), make_still, language))
        return Slides.model_validate_json(storage.read(key))
    except StepFailed as failure:
        return Slides(why_none=failure.message)
    finally:
        storage.delete(key)


def publish_outline(storage: LocalStorage, title: str, plan: Plan, spoken: Spoken | None, shown: Slides) -> bool:
    """Write the chapters for players, and the outline as files for people; whether there are chapters."""
    words: Sequence[Word] = ()
    if spoken is not None and spoken.language is not None:
        words = Transcript.model_validate_json(spoken.transcript).words
    language, duration_s = spoken.language if spoken else None, float(plan.duration_s)
    found: list[Chapter] = find(words, shown.slides, duration_s, language)
    if found:
        storage.put("chapters.vtt", chapters.vtt(found, duration_s).encode())
    notes = [note for note in (spoken.reason if spoken else None, shown.why_none, shown.why_no_text) if note]
    outline = compose(title, language, duration_s, chapters=found, slides=shown.slides, words=words, notes=notes,
                      phrases=topics.find(words, shown.slides, language))
    places = Places(watch="index.html", picture=lambda one: PlanKeys("").still(one.image))
    pictures = {one.image: storage.read(PlanKeys("").still(one.image)) for section in outline.sections
                for one in section.slides}
    storage.put("outline.md", markdown(outline, places).encode())
    storage.put("outline.html", html(outline, places, pictures).encode())
    return bool(found)
