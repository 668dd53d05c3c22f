"""Keeps what publishers send as it is, in files beside the live video: the source of the recording."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from infra.core.live import LiveSource

log = logging.getLogger(__name__)

_BUFFER = 1 << 16


class Recordings:
    """Files of sessions under one folder: `{session}/{n}.{flv|mpegts}`, one for each publication.

    FLV and MPEG-TS need no end: whatever breaks off, what was written can be read.
    """

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        """With less than `reserve_bytes` of disk left nothing more is kept: the live video goes before its source."""
        self._folder = folder
        self._reserve_bytes = reserve_bytes

    async def keep(self, session_id: str, source: LiveSource) -> AsyncIterator[bytes]:
        """The source's bytes, each written down before it is handed on."""
        file = None
        try:
            file = await asyncio.to_thread(self._open, session_id, source.input[1])
        except OSError as error:
            log.warning("the source of a live session is not kept: %s", error)
        written = 0
        try:
            async for chunk in source.chunks:
                if file is not None:
                    try:
                        file.write(chunk)  # into a buffer: the disk is touched every 64 KiB
                        written += len(chunk)
                        if written >= 64 * _BUFFER:
                            written = 0
                            if shutil.disk_usage(self._folder).free < self._reserve_bytes:
                                raise OSError("too little disk is left")
                    except OSError as error:
                        log.warning("the source of a live session is not kept any further: %s", error)
                        with contextlib.suppress(OSError):
                            file.close()
                        file = None
                yield chunk
        finally:
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()

    def files(self, session_id: str) -> Sequence[Path]:
        """What there is of a session, in order."""
        folder = self._folder / session_id
        return sorted(folder.iterdir(), key=lambda path: int(path.stem)) if folder.is_dir() else []

    def sessions(self) -> Sequence[str]:
        """Of which sessions something is kept."""
        return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []

    def drop(self, session_id: str) -> None:
        """Forget what was kept of a session."""
        shutil.rmtree(self._folder / session_id, ignore_errors=True)

    def _open(self, session_id: str, suffix: str):  # type: ignore[no-untyped-def]
        folder = self._folder / session_id
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / f"{len(list(folder.iterdir())) + 1}.{suffix}").open("xb", buffering=_BUFFER)
