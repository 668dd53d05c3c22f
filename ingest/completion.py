"""From the last byte to a video, in steps that any later attempt can take up.

    1. examine   sniff and probe the staged bytes; a refusal ends here and the bytes go
    2. finish    the staging area turns the bytes into the object at the video's source key
    3. admit     the video's rows are committed (the caller's transaction)
    4. row       the upload says FINISHED and names its video

Of a direct upload the bytes are in the object store: there 2 comes before 1.

The video's id follows from the upload's, so every step can be taken twice with the same effect. A crash
between 2 and 3 leaves an object without a video: the next HEAD or PATCH, or `recover` at start, examines
the object where it lies now and goes on. Only after step 4 does the sender get its answer.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from infra.core.errors import LecternError, NotFound, Rejected
from infra.core.ports import Staging, Storage
from infra.db.models import UploadState
from ingest.digests import Digests
from ingest.direct_parts import DirectParts
from ingest.uploads import UploadRecord, UploadRows

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AdmittedVideo:
    """A video whose rows are committed."""

    id: str
    playback_id: str


class Admission(Protocol):
    """What decides about a whole file. Both methods block and are called in a thread."""

    def examine(self, path: Path, metadata: Mapping[str, str]) -> Any:
        """Sniff and probe. Whatever is returned is handed to `admit` unopened.

        Raises Rejected: the upload ends as rejected. Any other LecternError (Unavailable, OutOfSpace):
        the upload stays as it is, and the sender may ask again.
        """

    def admit(self, examined: Any, *, organization_id: str, metadata: Mapping[str, str], upload_id: str,
              video_id: str, sha256: str | None, size_bytes: int) -> AdmittedVideo:
        """Commit the video's rows. Called again with the same `video_id` it returns the same video.

        Without `sha256` a step is to compute it.

        Raises as `examine` does.
        """


class Completion:
    """Turns uploads whose bytes are all there into videos."""

    def __init__(self, rows: UploadRows, staging: Staging, storage: Storage, digests: Digests,
                 admission: Admission, parts: DirectParts) -> None:
        self._rows = rows
        self._staging = staging
        self._storage = storage
        self._digests = digests
        self._admission = admission
        self._parts = parts

    def complete(self, upload: UploadRecord) -> UploadRecord:
        """The finished upload with its video. Blocks for as long as sniff and probe take.

        Raises Rejected (now, or when it was rejected before); NotFound when the bytes are gone; whatever
        the admission raises for "not now".
        """
        if upload.state is UploadState.FINISHED:
            return upload
        if upload.state is UploadState.REJECTED:
            raise Rejected(upload.error_code or "rejected", upload.error_message or "It can not become a video.")
        try:
            video = self._admit(upload)
        except Rejected as refusal:
            self._rows.reject(upload, refusal.code, refusal.message)
            self.drop_bytes(upload)
            raise
        self._rows.finish(upload, video.id)
        self._digests.forget(upload.staging_key)
        return replace(upload, state=UploadState.FINISHED, video_id=video.id, playback_id=video.playback_id)

    def _admit(self, upload: UploadRecord) -> AdmittedVideo:
        assert upload.length_bytes is not None
        source = upload.source_key
        sha256: str | None = None
        if upload.part_bytes is not None:
            self._parts.join(upload)
            examined = self._parts.examine(upload, self._admission.examine)
        elif self.staged_bytes(upload) is not None:
            sha256 = self._digests.of(upload.staging_key).catch_up(
                self._staging, upload.staging_key, upload.length_bytes)
            with self._staging.local(upload.staging_key) as path:
                examined = self._admission.examine(path, upload.metadata)
            self._staging.finish(upload.staging_key, source)
        else:  # an earlier attempt came past step 2
            with self._storage.local(source) as path:
                examined = self._admission.examine(path, upload.metadata)
                with path.open("rb") as file:
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return self._admission.admit(
            examined, organization_id=upload.organization_id, metadata=upload.metadata, upload_id=upload.id,
            video_id=upload.future_video_id, sha256=sha256, size_bytes=upload.length_bytes)

    def staged_bytes(self, upload: UploadRecord) -> int | None:
        """How much of it lies in the staging area; None when it is not there (any more), or never was."""
        if upload.part_bytes is not None:
            return None
        try:
            return self._staging.size(upload.staging_key)
        except NotFound:
            return None

    def stored_bytes(self, upload: UploadRecord) -> int:
        """The offset to tell the sender, wherever the bytes are now. Raises NotFound when they are gone."""
        staged = self.staged_bytes(upload)
        if staged is not None:
            return staged
        moved = self._storage.stat(upload.source_key)
        if moved is None:
            raise NotFound("upload_not_found", "The bytes of this upload are gone; start a new one.")
        return moved.size_bytes

    def drop_bytes(self, upload: UploadRecord) -> None:
        """Forget what was received, unless it is a video by now."""
        if upload.part_bytes is not None:
            self._parts.abort(upload)
        else:
            self._staging.abort(upload.staging_key)
        self._digests.forget(upload.staging_key)
        if not self._rows.became_video(upload):
            self._storage.delete(upload.source_key)

    def recover(self) -> int:
        """Complete what a crash left with all its bytes there; how many became videos.

        To be called at start, before requests are served: it does not ask whether a writer is at work.
        """
        videos = 0
        for upload in self._rows.growing():
            try:
                if self.stored_bytes(upload) == upload.length_bytes:
                    self.complete(upload)
                    videos += 1
            except NotFound:
                continue  # a creation that was never answered: it expires
            except LecternError as error:
                log.warning("upload %s could not be completed at start: %s", upload.id, error)
        return videos
