"""Runs the search for slides on a file, as a worker would, and compares what it finds with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clips import KEYS, Desk
from slide_clips import Change

from enrich.footage import Footage
from enrich.slide import Slides
from enrich.slide_scan import Shot
from enrich.slides import slides
from infra.core import keys
from infra.core.command import Command
from infra.core.steps import Completed, StepContext, VideoRecord
from transcode import render, render_pictures, render_trickplay, trickplay
from transcode.render import RenderContext

NEAR_S = 0.5  # a change is found when it is found within this


def rendered(desk: Desk, path: Path, folder: Path) -> RenderContext:
    """What the fill leaves of a file, as far as slides need it."""
    ctx = desk.context(path, folder)
    name = trickplay.base(ctx.plan).name
    for k in range(ctx.plan.segments):
        render.render(ctx, k, [name])
    for k in range(0, ctx.plan.segments, 10):
        render_trickplay.render_pictures(ctx, k, min(k + 10, ctx.plan.segments))
    return ctx


def footage(ctx: RenderContext) -> Footage:
    plan = ctx.plan
    return Footage(KEYS, trickplay.NAME, [float(frame / plan.frame_rate) for frame in trickplay.frames(plan)],
                   trickplay.base(plan).name, [float(plan.start_s(k)) for k in range(plan.segments + 1)],
                   lambda tenth: render_pictures.render_still(ctx, tenth))


def step_context(desk: Desk, ctx: RenderContext) -> StepContext:
    video = VideoRecord("v", "o", "", None, None, None, None)
    return StepContext(video, "", ctx.work, desk.settings, ctx.storage, desk.tools, desk.run, lambda progress: None,
                       lambda: None)


class Meter:
    """Runs commands as `desk` does, and adds up their processor seconds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.cpu_s = 0.0

    def run(self, command: Command, **how: Any) -> Completed:
        done = self._desk.run(command, **how)
        self.cpu_s += done.cpu_s
        return done


def found_slides(desk: Desk, ctx: RenderContext) -> Slides:
    """What the step publishes."""
    slides(step_context(desk, ctx), footage(ctx))
    return Slides.model_validate_json(ctx.storage.read(keys.slides("o", "v")))


@dataclass(frozen=True)
class Score:
    """How many changes there are, how many of them were found, how many were found that there are not, and of how many
    it is known whether they are a build."""

    changes: int
    found: int
    wrong: int
    kinds: int

    def __add__(self, other: Score) -> Score:
        return Score(self.changes + other.changes, self.found + other.found, self.wrong + other.wrong,
                     self.kinds + other.kinds)

    @property
    def recall(self) -> float:
        return self.found / self.changes

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrong)


NOTHING = Score(0, 0, 0, 0)


def score(changes: Sequence[Change], starts: Sequence[tuple[float, bool]]) -> Score:
    """`starts`: when slides begin, and whether they are builds; the first slide's does not count."""
    hits = [[start for start in starts if change.start_s - NEAR_S <= start[0] <= change.end_s + NEAR_S]
            for change in changes]
    right = {start for hit in hits for start in hit}
    return Score(len(changes), sum(map(bool, hits)), sum(start not in right and start[0] > NEAR_S for start in starts),
                 sum(hit[0][1] == change.build for hit, change in zip(hits, changes, strict=True) if hit))


def starts_of(shown: Sequence[Shot]) -> list[tuple[float, bool]]:
    return [(shot.start_s, shot.build) for shot in shown]


