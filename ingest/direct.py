"""Direct uploads, begin to end: the sender asks for addresses, PUTs the parts there, and says when all are sent.

Its bytes never pass this process. They become a video as all uploads do (`ingest.completion`); the hash of the
whole is computed afterwards, by a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread

from infra.core.errors import Conflict, Rejected
from infra.core.ports import UploadedPart
from infra.db.models import UploadState
from ingest.direct_parts import PartPlan, plan_of
from ingest.intake import Intake
from ingest.uploads import UploadRecord

ADDRESS_S = 3600.0  # a signature is looked at when a PUT begins: as long as the sender may take to come to it
MOST_ADDRESSES = 100  # at a time


@dataclass(frozen=True, slots=True)
class PartAddress:
    """Where to PUT one part, and how many bytes it has."""

    number: int
    size_bytes: int
    url: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A direct upload and what the store holds of it; nothing once it is joined."""

    upload: UploadRecord
    plan: PartPlan
    arrived: Sequence[UploadedPart]


class DirectIntake:
    """The direct uploads of this process, beside all others in its `Intake`."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def create(self, organization_id: str, size_bytes: int, metadata: Mapping[str, str]) -> Standing:
        """A new upload. Blocks. Raises Conflict `direct_uploads_off`, Rejected `empty_file`, TooLarge."""
        store = self._intake.parts.store
        self._intake.check_length(size_bytes)
        plan = PartPlan.of(size_bytes)
        # The row first: what a crash leaves in the store without a name here, the bucket's own rule removes.
        upload = self._intake.rows.insert(organization_id, size_bytes, dict(metadata), None, plan.part_bytes)
        upload = self._intake.rows.name_in_store(upload, store.begin(upload.source_key))
        return Standing(upload, plan, ())

    def find(self, organization_id: str, upload_id: str) -> UploadRecord:
        """Blocks. Raises NotFound, also for an upload that is not direct; Rejected when it was refused."""
        upload = self._intake.rows.find(organization_id, upload_id)
        plan_of(upload)
        if upload.state is UploadState.REJECTED:
            raise Rejected(upload.error_code or "rejected", upload.error_message or "It can not become a video.")
        return upload

    def standing(self, organization_id: str, upload_id: str) -> Standing:
        """What has arrived, for a sender who goes on. Blocks. Raises as `find` does, and Conflict."""
        upload = self.find(organization_id, upload_id)
        arrived = self._intake.parts.arrived(upload) if upload.state is UploadState.GROWING else ()
        return Standing(upload, plan_of(upload), arrived or ())

    def addresses(self, organization_id: str, upload_id: str, numbers: Sequence[int]) -> list[PartAddress]:
        """Where to PUT these parts within ADDRESS_S. Blocks. Raises Rejected `bad_part`; as `find` does; Conflict."""
        upload = self.find(organization_id, upload_id)
        plan = plan_of(upload)
        if len(numbers) > MOST_ADDRESSES or any(not 1 <= number <= plan.count for number in numbers):
            raise Rejected("bad_part", f"Parts are numbered from 1 to {plan.count}; at most {MOST_ADDRESSES} addresses "
                                       "are given at a time.")
        store = self._intake.parts.store
        if upload.state is not UploadState.GROWING or upload.store_upload is None:
            raise Conflict("upload_finished", "This upload is complete and takes no parts.")
        self._intake.rows.postpone_expiry(upload)
        return [PartAddress(number, plan.size(number),
                            store.part_url(upload.source_key, upload.store_upload, number, ADDRESS_S))
                for number in dict.fromkeys(numbers)]

    async def complete(self, organization_id: str, upload_id: str, etags: Sequence[str] | None) -> UploadRecord:
        """The finished upload with its video; the same when asked again.

        Raises Conflict `parts_missing`, `part_wrong_size`, `part_changed`, `direct_uploads_off`; Rejected when it is
        no video; NotFound; Locked; what the admission raises for "not now".
        """
        await to_thread.run_sync(self.find, organization_id, upload_id)
        async with self._intake.writers.hold(upload_id):
            upload = await to_thread.run_sync(self.find, organization_id, upload_id)
            if upload.state is UploadState.GROWING:
                upload = await self._intake.postpone_expiry(upload)
                if etags is not None:
                    await to_thread.run_sync(self._compare, upload, etags)
            return await self._intake.complete(upload)

    def _compare(self, upload: UploadRecord, etags: Sequence[str]) -> None:
        arrived = self._intake.parts.arrived(upload)
        if arrived is not None and [part.etag for part in arrived] != [etag.strip('"') for etag in etags]:
            plan_of(upload).check(arrived)
            raise Conflict("part_changed", "The parts that have arrived are not those that you name: ask which are there.")

    async def terminate(self, organization_id: str, upload_id: str) -> None:
        """Forget the upload and its parts; a video that it became stays. Raises NotFound, Locked."""
        def find() -> UploadRecord:
            upload = self._intake.rows.find(organization_id, upload_id)
            plan_of(upload)
            return upload
        await to_thread.run_sync(find)
        async with self._intake.writers.hold(upload_id):
            await self._intake.terminate(await to_thread.run_sync(find))

