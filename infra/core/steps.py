"""What a step of a video is given, and what it gives back. Steps live in the stages; the engine calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from infra.core.command import Command
from infra.core.media import CODECS, MediaInfo
from infra.core.ports import Storage
from infra.core.search_meaning import BlockTexts
from infra.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Tools:
    """The two programs, and who they are: `encoder` is equal on two machines only if their output is."""

    ffmpeg: Path
    ffprobe: Path
    encoder: str
    codecs: tuple[str, ...] = CODECS  # those of CODECS that it can make


@dataclass(frozen=True, slots=True)
class Completed:
    """A child process that ended well. `stderr` is its tail only."""

    stdout: bytes
    stderr: str
    wall_s: float
    cpu_s: float


class Runner(Protocol):
    """Runs one command under its limits (`infra.process.ProcessRunner`)."""

    def __call__(self, command: Command, *, on_stdout: Callable[[bytes], None] | None = None,
                 cancelled: Callable[[], bool] | None = None) -> Completed:
        """Wait for the end. Raises StepFailed: `tool_failed`, `tool_timeout`, `tool_out_of_memory`,
        `tool_output_too_large`, `cancelled`; OutOfSpace when the disk is full.

        `on_stdout` gets stdout as it comes (then `Completed.stdout` is empty); `cancelled` is asked
        about four times a second, and a True kills the whole process group.
        """


@dataclass(frozen=True, slots=True)
class VideoRecord:
    """What a step may know of its video."""

    id: str
    organization_id: str
    title: str
    source_url: str | None
    media_info: MediaInfo | None
    plan_id: str | None
    plan: dict[str, Any] | None
    language: str | None = None  # BCP 47, where it is known
    language_heard: bool = False  # it was found by listening; else the creator said it
    glossary: tuple[str, ...] = ()  # words that may be said, the likeliest first
    translate_to_english: bool | None = None  # None: as the settings say
    media_id: str | None = None  # these two as of `infra.db.models.Video`
    source_id: str | None = None
    trimmed: bool = False

    @property
    def folder(self) -> str:
        """Under whose id what is made of its source lies in the storage."""
        return self.media_id or self.id

    @property
    def source_folder(self) -> str:
        """Under whose id its source lies in the storage."""
        return self.source_id or self.folder


@dataclass(frozen=True, slots=True)
class StepContext:
    """The world as a step sees it. `work` is an empty folder of its own, deleted afterwards."""

    video: VideoRecord
    key: str
    work: Path
    settings: Settings
    storage: Storage
    tools: Tools
    run: Runner  # already bound to this step's cancellation
    progress: Callable[[float], None]  # 0..1; cheap to call often, stored about once a second
    check: Callable[[], None]  # raises StepFailed("cancelled") when the lease is lost or the video deleted
    # What search has of the video that a sentence model (its id) has not seen yet.
    unembedded: Callable[[str], Sequence[BlockTexts]] = lambda model: ()


# What a step returns is handed to the itinerary, in the transaction that marks it done.
Outcome = dict[str, Any] | None
StepFunction = Callable[[StepContext], Outcome]
