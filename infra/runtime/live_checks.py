"""What `lectern doctor` says of live streams."""

from __future__ import annotations

from infra.core.errors import ConfigError
from infra.core.settings import Settings
from infra.tools import Check
from ingest.live import nginx_rtmp, srt


def live_checks(settings: Settings) -> list[Check]:
    """Whether publishers can come in by RTMP and by SRT. All else works without, so that neither is a failure."""
    if not settings.live:
        return [Check("live", True, "switched off, as LECTERN_LIVE says")]
    return [_rtmp(settings), _srt(settings)]


def _rtmp(settings: Settings) -> Check:
    try:
        nginx, module = nginx_rtmp.find_nginx()
    except ConfigError:
        return Check("live, RTMP", True, "can not come in: nginx or its module for RTMP is not installed",
                     f"{nginx_rtmp.INSTALL} (LECTERN_LIVE=false, if nobody is to stream here)")
    return Check("live, RTMP", True, f"port {settings.rtmp_port}, by {nginx} with {module}")


def _srt(settings: Settings) -> Check:
    try:
        srt.find_srt()
    except ConfigError:
        return Check("live, SRT", True, "can not come in: the package tstrans is not installed",
                     f"{srt.INSTALL}, or delete .venv/.live and start ./lectern again")
    return Check("live, SRT", True, f"UDP port {settings.srt_port}, by tstrans")
