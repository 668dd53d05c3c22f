"""A DASH manifest over the same package: representations, their time lines, and the segments these name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from xml.etree import ElementTree as ET

from . import isobmff
from .isobmff import Damaged, Segment, Track
from .package import Package

NAMESPACE = "{urn:mpeg:dash:schema:mpd:2011}"


def seconds(text: str | None) -> Fraction | None:
    """An xs:duration without days, months and years."""
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", text or "")
    if not found or not any(found.groups()):
        return None
    return sum((Fraction(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True)), Fraction(0))


@dataclass
class Representation:
    """One Representation with what its AdaptationSet and SegmentTemplate say."""

    package: Package
    adaptation: ET.Element
    element: ET.Element

    def get(self, name: str) -> str | None:
        """An attribute, which may stand on either element."""
        return self.element.get(name, self.adaptation.get(name))

    @property
    def id(self) -> str:
        return self.element.get("id", "")

    @cached_property
    def template(self) -> ET.Element | None:
        for owner in (self.element, self.adaptation):
            found = owner.find(f"{NAMESPACE}SegmentTemplate")
            if found is not None:
                return found
        return None

    @property
    def timescale(self) -> int:
        return int(self.template.get("timescale", "1")) if self.template is not None else 1

    @cached_property
    def line(self) -> list[tuple[int, int]]:
        """(start, duration) in ticks of every segment."""
        found: list[tuple[int, int]] = []
        if self.template is None:
            return found
        at = 0
        for entry in self.template.iter(f"{NAMESPACE}S"):
            at = int(entry.get("t", at))
            for _ in range(int(entry.get("r", "0")) + 1):
                found.append((at, int(entry.get("d", "0"))))
                at += int(entry.get("d", "0"))
        return found

    def named(self, pattern: str, k: int = 0) -> str:
        """What a template names for segment k."""
        assert self.template is not None
        number = int(self.template.get("startNumber", "1")) + k
        start = str(self.line[k][0]) if k < len(self.line) else ""
        return (self.template.get(pattern, "").replace("$RepresentationID$", self.id)
                .replace("$Number$", str(number)).replace("$Time$", start)
                .replace("$Bandwidth$", self.get("bandwidth") or ""))

    @property
    def uris(self) -> list[str]:
        return [self.named("media", k) for k in range(len(self.line))]

    @cached_property
    def track(self) -> Track | None:
        try:
            tracks = isobmff.read_init(self.package.read(self.named("initialization"))).tracks
        except (Damaged, FileNotFoundError, IndexError, AssertionError):
            return None
        return tracks[0] if len(tracks) == 1 else None

    @cached_property
    def segments(self) -> list[Segment]:
        """None of them where one can not be read."""
        try:
            return [isobmff.read_segment(self.package.read(uri), self.track) for uri in self.uris] if self.track else []
        except (Damaged, FileNotFoundError, IndexError):
            return []


class Manifest:
    """`manifest.mpd` of a package; `root` is None where it is no XML or not there."""

    def __init__(self, package: Package) -> None:
        self.root: ET.Element | None = None
        try:
            self.root = ET.fromstring(package.read("manifest.mpd"))
        except (ET.ParseError, FileNotFoundError):
            return
        self.sets = list(self.root.iter(f"{NAMESPACE}AdaptationSet"))
        # Captions and pictures of the time line are no segments of MP4.
        self.timed = [one for one in self.sets if (one.get("contentType") or "") in ("video", "audio", "")]
        self.by_set = [[Representation(package, one, rep) for rep in one.iter(f"{NAMESPACE}Representation")]
                       for one in self.timed]
        self.representations = [rep for group in self.by_set for rep in group]


def of(package: Package) -> Manifest:
    """The package's manifest, parsed once."""
    found = getattr(package, "_manifest", None)
    if found is None:
        found = Manifest(package)
        package._manifest = found  # type: ignore[attr-defined]
    return found
