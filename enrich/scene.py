"""The scenes of a film: what `scenes.json` holds."""

from __future__ import annotations

from infra.core import keys
from infra.core.errors import NotFound
from infra.core.media import Frozen
from infra.core.ports import Storage


class Scene(Frozen):
    """What one camera shows in seconds [start_s, end_s). `image` is the number of a still of it, its tenth of a second."""

    start_s: float
    end_s: float
    image: int


class Scenes(Frozen):
    """All scenes of a film in order, without gaps. A film without a cut has one."""

    scenes: tuple[Scene, ...]


def load(storage: Storage, organization_id: str, video_id: str) -> Scenes | None:
    """What was found of a video; None: nobody has looked, or it has slides, which say more."""
    try:
        return Scenes.model_validate_json(storage.read(keys.scenes(organization_id, video_id)))
    except NotFound:
        return None
