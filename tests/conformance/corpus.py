"""Every file of the corpus, rendered as a viewer would make it be: the table of what became of it.

    python -m tests.conformance.corpus [--corpus FOLDER] [--only NAME] > docs/corpus.md

Of each H.264 rendition and of the sound the first segment is rendered, of the smallest size the middle and the last as
well; each is checked as before any publication, and decoded. "Playable" is when the first segment of the rendition that a
player begins with (AV1, where there is any) is there: probe, plan, and one cell of it and of the sound.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import m3u8

from infra.core.errors import LecternError, StepFailed
from infra.core.keys import PlanKeys
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.process import ProcessRunner
from infra.runtime.offline import examine
from infra.storage.local import LocalStorage
from infra.tools import find_tools
from transcode import playlists, render
from transcode.plan import Plan

KEYS = PlanKeys("")
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"


@dataclass
class Row:
    """What became of a file."""

    name: str
    outcome: str  # ready, or the code of a refusal, or `failed`
    sentence: str = ""
    playable_s: float = 0.0
    facts: str = ""

    @property
    def line(self) -> str:
        told = self.facts if self.outcome == "ready" else self.sentence
        when = f"{self.playable_s:.1f}" if self.outcome == "ready" else ""
        return f"| {self.name} | {self.outcome} | {when} | {told} |"


def files(corpus: Path) -> Iterator[Path]:
    """The media files; captions and descriptions beside them are none."""
    for folder in ("lectures", "tech", "broken"):
        yield from sorted(path for path in (corpus / folder).iterdir() if path.suffix not in (".vtt", ".json", ".md"))


def examined(file: Path, name: str, settings: Settings, tools: Tools, run: ProcessRunner) -> Row:
    """Render a few cells of a file, and decode them."""
    begun = time.monotonic()
    try:
        _, plan = examine(file, settings, replace(tools, codecs=("h264", "av1")), run)
    except LecternError as refused:
        return Row(name, refused.code, refused.message)
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        storage, work = LocalStorage(Path(folder) / "storage"), Path(folder) / "work"
        work.mkdir()
        ctx = render.RenderContext(plan, KEYS, file.absolute(), work, storage, tools, run, settings.max_pixels)
        try:
            render.render(ctx, 0, _first_choice(plan))
            playable_s = time.monotonic() - begun
            # What one cell of AV1 shows, the others would; and all sizes are made of the same decoded frames.
            h264, sound = plan.of_codec("h264"), [track.name for track in plan.audio]
            some = [*(each.name for each in h264 if each.copied is not None or each == h264[-1]), *sound]
            cells = {plan.segments // 2: some, plan.segments - 1: some} | {0: [*(each.name for each in h264), *sound]}
            for k, names in cells.items():
                render.render(ctx, k, names)
        except StepFailed as failed:
            return Row(name, "failed", str(failed))
        faults = [fault for k, names in cells.items() for each in names for fault in _decoded(storage, each, k, tools)]
    sizes = ", ".join(f"{video.name} {video.width_px}x{video.height_px}" for video in plan.video)
    facts = f"{float(plan.duration_s):.2f} s, {plan.segments} segments; {sizes}" + (
        f"; sound {'copied' if plan.audio[0].copy_nth is not None else 'encoded'}"
        if plan.audio else "; no sound")
    if faults:
        return Row(name, "failed", f"does not decode: {faults[0]}", playable_s)
    warned = f"; {', '.join(plan.warnings)}" if plan.warnings else ""
    return Row(name, "ready", "", playable_s, facts + warned)


def _first_choice(plan: Plan) -> list[str]:
    """What a player asks for first: the first variant of the playlist, and the sound."""
    text = m3u8.loads(playlists.multivariant(plan, plan.codecs, {}))
    first = [text.playlists[0].uri] if text.playlists else []
    return [uri.split("/")[0] for uri in [*first, *(media.uri for media in text.media[:1] if media.uri)]]


def _decoded(storage: LocalStorage, name: str, k: int, tools: Tools) -> list[str]:
    """What ffmpeg complains about when it decodes a cell behind its header."""
    cell = storage.read(KEYS.init(name)) + storage.read(KEYS.cell(name, k))
    if b"av01" in cell[:2000]:
        return []  # ffmpeg of the wheel has no AV1 decoder; the browser tests play it
    done = subprocess.run([str(tools.ffmpeg), "-v", "warning", "-i", "pipe:0", "-f", "null", "-"], input=cell,
                          capture_output=True, timeout=120, check=False)
    return [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]


HEAD = """# The corpus

What becomes of every file of the test corpus: rendered (the first segment of every H.264 rendition and of the sound, the
middle and the last of the smallest, each decoded again without a warning), or refused with the sentence that its owner
reads. "Playable" is seconds of wall time from the probe until the first segment that a player asks for is rendered, on
two busy cores.
Written by `python -m tests.conformance.corpus > docs/corpus.md`.

| file | outcome | playable, s | facts, or the sentence |
|---|---|---|---|"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    settings = Settings()
    run = ProcessRunner(settings)
    tools = find_tools(settings, run)
    print(HEAD)
    rows = []
    for file in files(chosen.corpus):
        name = str(file.relative_to(chosen.corpus))
        if chosen.only in name:
            rows.append(examined(file, name, settings, tools, run))
            print(rows[-1].line, flush=True)
    ready = sum(row.outcome == "ready" for row in rows)
    print(f"\n{len(rows)} files: {ready} ready, {len(rows) - ready} refused or failed.")


if __name__ == "__main__":
    main()
