"""Storage keys: the only module that spells where an object lies.

    o/{organization}/uploads/{upload}                         an upload that is still growing
    o/{organization}/v/{video}/source                         the file as it was uploaded
    o/{organization}/v/{video}/indexed                        a copy of it with an index, where it has none
    o/{organization}/v/{video}/live/{n}.flv                   what connection n of a live publisher sent, until it is joined
    o/{organization}/v/{video}/slides.json                    which slides are shown when, and their text
    o/{organization}/v/{video}/scenes.json                    where a film is cut
    o/{organization}/v/{video}/p/{plan}/{rendition}/init.mp4  CMAF header of a rendition
    o/{organization}/v/{video}/p/{plan}/{rendition}/{k}.m4s   cell k of a rendition
    o/{organization}/v/{video}/p/live/timeline.json           which cells a live session has; its plan is called "live"
    o/{organization}/v/{video}/p/live/slides.json             its slides, as far as they are known while it is live
    o/{organization}/v/{video}/p/live/live-slides/{n}.jpg     one of them, as it was at n tenths of a second
    o/{organization}/v/{video}/p/{plan}/still/{n}.jpg         the picture at n tenths of a second
    o/{organization}/v/{video}/p/{plan}/storyboard/{j}.jpg    sheet j of the storyboard
    o/{organization}/v/{video}/p/{plan}/{rendition}/download.mp4  the whole rendition and the sound
    o/{organization}/v/{video}/p/{plan}/download.json         the captions and chapters that the next such file gets
    o/{organization}/v/{video}/speech/transcript.json         every word that is said; the rest goes when it is there:
    o/{organization}/v/{video}/speech/heard.json              where somebody speaks
    o/{organization}/v/{video}/speech/opening.json            what is said first, heard before all is listened to
    o/{organization}/v/{video}/speech/{run}/sound.s16         the sound that speech is recognized from
    o/{organization}/v/{video}/speech/{run}/words/{k}.json    the words of span k
    o/{organization}/v/{video}/speech/{run}/english/{k}.json  the same in English
    o/{organization}/analytics/events/day={YYYY-MM-DD}/part-{n}.parquet  what viewers did, by the day it arrived

The organization comes first, so that a prefix can be granted, counted and deleted per organization.
"""

from __future__ import annotations

from dataclasses import dataclass

LIVE_PLAN = "live"
LIVE_SLIDES = "live-slides"  # beside the renditions of what is live, which begin so, too


def video_prefix(organization_id: str, video_id: str) -> str:
    """Everything of one video lies under this prefix."""
    return f"o/{organization_id}/v/{video_id}/"


def source(organization_id: str, video_id: str) -> str:
    """The uploaded file, unchanged."""
    return video_prefix(organization_id, video_id) + "source"


def indexed(organization_id: str, video_id: str) -> str:
    """A copy of the source in a container that has an index, where it has none (`ingest.indexing`)."""
    return video_prefix(organization_id, video_id) + "indexed"


def live_pieces(organization_id: str, video_id: str) -> str:
    """What a live session's publisher sent lies under this prefix, until it is joined and is the source."""
    return video_prefix(organization_id, video_id) + "live/"


def live_piece(organization_id: str, video_id: str, name: str) -> str:
    """What came by one connection; `name` is its number from 1, and .flv or .mpegts."""
    return live_pieces(organization_id, video_id) + name


def slides(organization_id: str, video_id: str) -> str:
    """The slides of the video (`enrich.slide.Slides`)."""
    return video_prefix(organization_id, video_id) + "slides.json"


def live_slides(organization_id: str, video_id: str) -> str:
    """The slides of what is or was live, until those of its recording are found (`enrich.slide.Slides`)."""
    return f"{PlanKeys.of(organization_id, video_id, LIVE_PLAN).prefix}slides.json"


def live_slide(organization_id: str, video_id: str, tenth: int) -> str:
    """The picture of such a slide, by its `image`."""
    return PlanKeys.of(organization_id, video_id, LIVE_PLAN).named(LIVE_SLIDES, f"{tenth}.jpg")


def scenes(organization_id: str, video_id: str) -> str:
    """The scenes of a film (`enrich.scene.Scenes`)."""
    return video_prefix(organization_id, video_id) + "scenes.json"


def event_files(organization_id: str) -> str:
    """All files of events of an organization lie under this prefix."""
    return f"o/{organization_id}/analytics/events/"


def event_file(organization_id: str, day: str, part: int) -> str:
    """One file of the events that arrived on a day (UTC, as 2026-11-22); engines read `day=` as a column."""
    return f"{event_files(organization_id)}day={day}/part-{part:05d}.parquet"


def day_and_part(event_file_key: str) -> tuple[str, int] | None:
    """Of which day a file of events is, and its number; None: it is no such file."""
    folder, _, name = event_file_key.rpartition("/")
    day = folder.rpartition("/day=")[2]
    number = name.removeprefix("part-").removesuffix(".parquet")
    return (day, int(number)) if number.isdigit() and name == f"part-{number}.parquet" and len(day) == 10 else None


@dataclass(frozen=True, slots=True)
class PlanKeys:
    """Keys of what is rendered for one plan. A new plan of the same video is a new prefix."""

    prefix: str  # ends with "/"; empty for a folder of its own

    @classmethod
    def of(cls, organization_id: str, video_id: str, plan_id: str) -> PlanKeys:
        return cls(f"{video_prefix(organization_id, video_id)}p/{plan_id}/")

    def init(self, rendition: str) -> str:
        return f"{self.prefix}{rendition}/init.mp4"

    def cell(self, rendition: str, k: int) -> str:
        return f"{self.prefix}{rendition}/{k}.m4s"

    def named(self, rendition: str, name: str) -> str:
        """A file of a rendition that is neither: another init section of a live session."""
        return f"{self.prefix}{rendition}/{name}"

    @property
    def timeline(self) -> str:
        return f"{self.prefix}timeline.json"

    def download(self, rendition: str) -> str:
        return f"{self.prefix}{rendition}/download.mp4"

    @property
    def download_texts(self) -> str:
        return f"{self.prefix}download.json"

    def rendition(self, rendition: str) -> str:
        return f"{self.prefix}{rendition}/"

    def still(self, tenths: int) -> str:
        return f"{self.prefix}still/{tenths}.jpg"

    def sheet(self, j: int) -> str:
        return f"{self.prefix}storyboard/{j}.jpg"


@dataclass(frozen=True, slots=True)
class SpeechKeys:
    """Keys of what is known of the speech of one video."""

    prefix: str  # ends with "/"; empty for a folder of its own

    @classmethod
    def of(cls, organization_id: str, video_id: str) -> SpeechKeys:
        return cls(video_prefix(organization_id, video_id))

    @property
    def folder(self) -> str:
        return f"{self.prefix}speech/"

    @property
    def heard(self) -> str:
        return f"{self.prefix}speech/heard.json"

    @property
    def opening(self) -> str:
        return f"{self.prefix}speech/opening.json"

    @property
    def transcript(self) -> str:
        return f"{self.prefix}speech/transcript.json"

    # Who listens again names another run, so that a worker of the last one, which does not know yet, disturbs nothing.

    def run(self, run: str) -> str:
        return f"{self.prefix}speech/{run}/"

    def sound(self, run: str) -> str:
        return f"{self.run(run)}sound.s16"

    def words(self, run: str, k: int) -> str:
        return f"{self.run(run)}words/{k}.json"

    def english(self, run: str, k: int) -> str:
        return f"{self.run(run)}english/{k}.json"
