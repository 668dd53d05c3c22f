"""The step that hashes a source whose bytes did not pass through this service: a direct upload."""

from __future__ import annotations

import hashlib

from infra.core import keys
from infra.core.errors import NotFound, StepFailed
from infra.core.steps import Outcome, StepContext


def digest_source(ctx: StepContext) -> Outcome:
    """Read the source once, never holding more than a piece of it: {"sha256": hexadecimal}. Raises StepFailed."""
    key = keys.source(ctx.video.organization_id, ctx.video.source_folder)
    found = ctx.storage.stat(key)
    digest = hashlib.sha256()
    try:
        if found is None:
            raise NotFound
        done = 0
        for piece in ctx.storage.stream(key):
            ctx.check()
            digest.update(piece)
            done += len(piece)
            ctx.progress(done / max(1, found.size_bytes))
    except NotFound:
        raise StepFailed("source_missing", "The uploaded file is gone from the storage.") from None
    return {"sha256": digest.hexdigest()}
