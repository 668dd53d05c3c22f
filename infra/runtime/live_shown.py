"""What one live session has shown so far: looks at its small pictures, makes pictures of its slides and lists them."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from enrich import live_pictures
from enrich.footage import BACKGROUND
from enrich.live_scan import SAME_S, Glance, LiveScan
from enrich.live_slides import Album, Image, listed, tenth
from enrich.slide import Line, Slide, Slides, load_live
from enrich.slide_readers import Reader, find_reader
from enrich.slide_scan import Shot
from infra.core import keys
from infra.core.errors import NotFound, StepFailed
from infra.core.ports import Storage
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools
from infra.runtime.companion_desk import NICE
from transcode.live.stills import NAME, place_of, still_command
from transcode.live.timeline import Timeline

log = logging.getLogger(__name__)

_WRITE_S = 10.0  # how often it is written only that a slide is still shown
_READ_S = 30.0  # from one text to the next: half a second of a core each
_AGAIN_S = 10.0  # a picture that could not be made is tried again


@dataclass(frozen=True, slots=True)
class Eyes:
    """What is needed to look."""

    settings: Settings
    storage: Storage
    run: Runner
    tools: Tools


class Shown:
    """One session. It goes on where a process that is no more left off: with what is in the file and in the storage."""

    def __init__(self, eyes: Eyes, organization_id: str, video_id: str, language: str | None, pictures: Path) -> None:
        self._eyes, self._organization_id, self._video_id = eyes, organization_id, video_id
        self._languages = (language,) if language else ()
        self._pictures, self._offset = pictures, 0
        self._coming: list[Glance] = []  # later than what is stored
        self._scan, self._album = LiveScan(), Album()
        self._shots: list[Shot] = []
        self._end_s = self._looked_s = 0.0
        self._images: dict[int, Image] = {}  # of the slides that are listed, by their number
        self._lines: dict[int, Sequence[Line]] = {}
        self._before: Sequence[Slide] = ()
        self._known: Slides | None = None  # what is in the storage
        self._reader: Reader | None = None
        self._written_s = self._read_s = self._failed_s = float("-inf")
        self._begun = False

    def look(self, until_s: float, *, over: bool) -> None:
        """Take in what came, up to this second, which is stored; list the slides. Raises LecternError, OSError."""
        glances, self._offset = live_pictures.read(self._pictures, self._offset)
        if not self._begun:
            self._begin(glances)
        for one in glances:
            while self._coming and self._coming[-1].at_s > one.at_s - SAME_S:  # an encoder began anew
                self._coming.pop()
            self._coming.append(one)
        fresh = [one for one in self._coming if one.at_s <= until_s + SAME_S]
        self._coming = self._coming[len(fresh):]
        lively = self._scan.feed(fresh)
        newest_s = max((one.at_s for one in fresh if one.key), default=self._end_s)
        if lively or newest_s < self._end_s:
            self._shots = self._scan.shots(newest_s)
        elif self._shots and self._shots[-1].end_s == self._end_s:
            self._shots[-1] = replace(self._shots[-1], end_s=newest_s, settled_s=newest_s)
        self._end_s = newest_s
        with_images = [(shot, image) for shot in self._shots if (image := self._image(shot)) is not None]
        self._images = {image.tenth: image for _, image in with_images}
        self._list(listed(self._before, with_images, self._lines, self._reader.name if self._reader else None), over=over)

    def read_one(self) -> None:
        """Read what is written on the newest picture that was not read yet, if it is time for one. Raises LecternError."""
        unread = [number for number in self._images if number not in self._lines]
        now_s = time.monotonic()
        if not unread or now_s - self._read_s < _READ_S:
            return
        eyes = self._eyes
        if self._reader is None:
            self._reader = find_reader(eyes.run, eyes.tools, self._languages, max_pixels=eyes.settings.max_pixels,
                                       nice=BACKGROUND, light=True)
        self._read_s = now_s if self._reader else float("inf")
        if self._reader is None:
            return
        self._lines[unread[-1]] = ()  # one trial
        with TemporaryDirectory(prefix="lectern-slide-") as work:
            image = Path(work) / "still.jpg"
            image.write_bytes(eyes.storage.read(keys.live_slide(self._organization_id, self._video_id, unread[-1])))
            self._lines[unread[-1]] = self._reader(image, Path(work))

    def _begin(self, glances: Sequence[Glance]) -> None:
        self._begun = True
        self._known = load_live(self._eyes.storage, self._organization_id, self._video_id)
        if self._known is not None:
            first_s = glances[0].at_s if glances else float("inf")
            self._before = [one for one in self._known.slides if one.start_s < first_s - SAME_S]
            self._album.again(self._known.slides, glances)
            self._lines = {one.image: one.lines for one in self._known.slides if one.lines}

    def _image(self, shot: Shot) -> Image | None:
        """Its picture, made now if there is none. None: it can not be made yet."""
        found = self._album.image(shot, over=shot.end_s < self._end_s)
        if found is None and time.monotonic() - self._failed_s > _AGAIN_S:
            try:
                self._make(shot)
            except (NotFound, StepFailed) as error:
                log.info("a picture of a live slide could not be made: %s", error)
                self._failed_s = time.monotonic()
                return None
            return self._album.add(shot)
        return found

    def _make(self, shot: Shot) -> None:
        """Publish the picture of a slide. Raises LecternError."""
        eyes, where = self._eyes, keys.PlanKeys.of(self._organization_id, self._video_id, keys.LIVE_PLAN)
        place = place_of(Timeline.model_validate_json(eyes.storage.read(where.timeline)), where, shot.settled_s)
        if place is None:
            raise NotFound("segment_not_found", "Nothing of it is stored yet.")
        with TemporaryDirectory(prefix="lectern-slide-") as folder:
            work = Path(folder)
            segment = work / "segment.mp4"
            segment.write_bytes(eyes.storage.read(place.init) + eyes.storage.read(place.cell))
            eyes.run(still_command(eyes.tools, segment, place.frame, work, max_pixels=eyes.settings.max_pixels, nice=NICE))
            number = tenth(shot.settled_s)
            eyes.storage.put(keys.live_slide(self._organization_id, self._video_id, number), (work / NAME).read_bytes())

    def _list(self, found: Slides, *, over: bool) -> None:
        now_s = time.monotonic()
        news = _what(found) != _what(self._known)
        if news or (found != self._known and (over or now_s - self._written_s >= _WRITE_S)):
            self._eyes.storage.put(keys.live_slides(self._organization_id, self._video_id), found.model_dump_json().encode())
            self._known, self._written_s = found, now_s


def _what(slides: Slides | None) -> object:
    """Of a list of slides all but how long the last one has been shown."""
    if slides is None:
        return []
    return [(one.start_s, one.image, one.new, one.text, one.end_s if i + 1 < len(slides.slides) else None)
            for i, one in enumerate(slides.slides)]
