"""The rows of uploads: who owns one, how long it is to be, when it is forgotten, what became of it.

How many bytes have arrived is not here: that is the staging area's word alone, so the two can not disagree
after a crash. Every look-up names the organization.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from infra.core import ids, keys
from infra.core.errors import NotFound
from infra.db.models import Upload, UploadState, Video
from infra.db.session import Database, now

# Writing the row for every small chunk would cost more than the chunk: expiry moves in steps of a hundredth.
EXPIRY_STEPS = 100


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """One upload as its row tells it. `playback_id` is there once it became a video."""

    id: str
    organization_id: str
    state: UploadState
    length_bytes: int | None
    metadata: dict[str, str]
    concat: str | None
    store_upload: str | None  # of a direct upload: the store's name for it
    part_bytes: int | None
    expires_at: float  # Unix time
    video_id: str | None
    playback_id: str | None
    error_code: str | None
    error_message: str | None

    @property
    def staging_key(self) -> str:
        """Where its bytes grow."""
        return f"o/{self.organization_id}/uploads/{self.id}"  # as laid down in infra.core.keys

    @property
    def future_video_id(self) -> str:
        """The id of the video it becomes: the same random part, so that every attempt to finish
        it, by whatever process after whatever crash, means the same video."""
        return "v_" + self.id.partition("_")[2]

    @property
    def source_key(self) -> str:
        """Where its bytes lie once all are there; a direct upload's parts are joined there by the store."""
        return keys.source(self.organization_id, self.future_video_id)

    @property
    def partial(self) -> bool:
        """One part of a concatenation: never a video by itself."""
        return self.concat == "partial"


class UploadRows:
    """The table of uploads. Every method is one transaction and blocks: call it in a thread."""

    def __init__(self, database: Database, expires_s: int) -> None:
        self._database = database
        self._expires_s = expires_s

    def insert(self, organization_id: str, length_bytes: int | None, metadata: dict[str, str],
               concat: str | None, part_bytes: int | None = None) -> UploadRecord:
        """A new, empty upload; a direct one has `part_bytes`, and gets its name in the store afterwards."""
        upload_id = ids.new_id("u")
        with self._database.write() as session:
            session.add(Upload(
                id=upload_id, organization_id=organization_id, state=UploadState.GROWING,
                length_bytes=length_bytes, upload_metadata=dict(metadata), concat=concat, part_bytes=part_bytes,
                created_at=now(), expires_at=now() + self._expires_s))
        return self.find(organization_id, upload_id)

    def name_in_store(self, upload: UploadRecord, store_upload: str) -> UploadRecord:
        """What the store calls a direct upload."""
        self._update(upload, {"store_upload": store_upload})
        return self.find(upload.organization_id, upload.id)

    def find(self, organization_id: str, upload_id: str) -> UploadRecord:
        """Raises NotFound: unknown, another organization's, or overdue."""
        if not ids.is_id(upload_id):
            raise _absent()
        with self._database.read() as session:
            found = session.execute(
                select(Upload, Video.playback_id)
                .outerjoin(Video, Video.id == Upload.video_id)
                .where(Upload.id == upload_id, Upload.organization_id == organization_id)
                .where((Upload.state != UploadState.GROWING) | (Upload.expires_at > now()))).first()
            if found is None:
                raise _absent()
            return _record(found[0], found[1])

    def growing(self) -> list[UploadRecord]:
        """All organizations' unfinished uploads whose length is known and which are to become videos."""
        return self._select(Upload.state == UploadState.GROWING, Upload.length_bytes.is_not(None),
                            Upload.concat.is_distinct_from("partial"))

    def overdue(self, now_s: float | None = None) -> list[UploadRecord]:
        """All rows past their time. `now_s` is Unix time; None asks the database's clock."""
        return self._select(Upload.expires_at <= (now() if now_s is None else now_s))

    def declare_length(self, upload: UploadRecord, length_bytes: int) -> UploadRecord:
        """Fix a deferred length; a length that is known already stays."""
        self._update(upload, {"length_bytes": length_bytes}, Upload.length_bytes.is_(None))
        return self.find(upload.organization_id, upload.id)

    def postpone_expiry(self, upload: UploadRecord) -> UploadRecord:
        """Bytes came: count its time from now on, written down only when it moves by a noticeable step."""
        late = now() + self._expires_s
        step = self._expires_s / EXPIRY_STEPS
        if self._update(upload, {"expires_at": late}, Upload.expires_at < late - step):
            return self.find(upload.organization_id, upload.id)
        return upload

    def finish(self, upload: UploadRecord, video_id: str) -> None:
        """It became `video_id`, whose row is there."""
        self._update(upload, {"state": UploadState.FINISHED, "video_id": video_id})

    def reject(self, upload: UploadRecord, code: str, message: str) -> None:
        """It can not become a video, and this is why."""
        self._update(upload, {"state": UploadState.REJECTED, "error_code": code, "error_message": message})

    def delete(self, upload: UploadRecord) -> None:
        """Forget the row; absent is no error."""
        with self._database.write() as session:
            session.execute(delete(Upload).where(
                Upload.id == upload.id, Upload.organization_id == upload.organization_id))

    def became_video(self, upload: UploadRecord) -> bool:
        """Whether the video that this upload is to become is there, deleted or not, or another one has its source."""
        its = upload.future_video_id
        with self._database.read() as session:
            return session.scalar(select(Video.id).where((Video.id == its) | (Video.media_id == its) | (
                Video.source_id == its)).limit(1)) is not None

    def _select(self, *conditions: Any) -> list[UploadRecord]:
        with self._database.read() as session:
            rows = session.scalars(select(Upload).where(*conditions).order_by(Upload.created_at)).all()
            return [_record(row, None) for row in rows]

    def _update(self, upload: UploadRecord, values: dict[str, Any], *conditions: Any) -> bool:
        with self._database.write() as session:
            changed = session.execute(
                update(Upload)
                .where(Upload.id == upload.id, Upload.organization_id == upload.organization_id, *conditions)
                .values(**values).returning(Upload.id)
                .execution_options(synchronize_session=False)).first()
        return changed is not None


def _record(row: Upload, playback_id: str | None) -> UploadRecord:
    return UploadRecord(
        id=row.id, organization_id=row.organization_id, state=UploadState(row.state),
        length_bytes=row.length_bytes, metadata=row.upload_metadata, concat=row.concat,
        store_upload=row.store_upload, part_bytes=row.part_bytes,
        expires_at=row.expires_at, video_id=row.video_id, playback_id=playback_id,
        error_code=row.error_code, error_message=row.error_message)


def _absent() -> NotFound:
    return NotFound("upload_not_found", "There is no such upload. It may have expired; start a new one.")
