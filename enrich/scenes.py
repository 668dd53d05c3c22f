"""The step that finds the scenes of a film: of a video that shows no slides.

It looks at every picture of the smallest rendition, which is rendered anyway.
"""

from __future__ import annotations

from itertools import pairwise

from enrich.footage import Footage, frames
from enrich.scene import Scene, Scenes
from enrich.scene_cuts import cuts
from infra.core import keys
from infra.core.steps import Outcome, StepContext


def scenes(ctx: StepContext, footage: Footage) -> Outcome:
    """Find the scenes and publish `scenes.json`: {"scenes": their number}.

    Raises StepFailed: `not_rendered` while cells are missing, `bad_cell`, the runner's codes.
    """
    segments = range(len(footage.starts_s) - 1)
    bounds = [0.0, *cuts(frames(ctx, footage, segments, share=1.0, colour=True)), footage.starts_s[-1]]
    found = Scenes(scenes=tuple(
        Scene(start_s=round(start_s, 3), end_s=round(end_s, 3), image=int((start_s + end_s) * 5))  # in the middle
        for start_s, end_s in pairwise(bounds)))
    ctx.storage.put(keys.scenes(ctx.video.organization_id, ctx.video.folder), found.model_dump_json().encode())
    return {"scenes": len(found.scenes)}
