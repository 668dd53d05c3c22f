"""Adds to a MediaInfo where the source's AAC packets are, so that the plan can copy instead of encode."""

from __future__ import annotations

import logging
from pathlib import Path

from infra.core.aac_table import read_aac_table, read_moov
from infra.core.boxes import BadBoxes
from infra.core.media import AacPackets, AudioStream, MediaInfo
from ingest.avc_packets import with_avc_packets

log = logging.getLogger(__name__)


def with_packets(info: MediaInfo, path: Path) -> MediaInfo:
    """`info` with all that can be copied of the picture and of the sound."""
    return with_avc_packets(with_aac_packets(info, path), path)


def with_aac_packets(info: MediaInfo, path: Path) -> MediaInfo:
    """`info` with `packets` set on each audio stream whose packets can be cut; reads the container's index only."""
    if info.container != "mov" or not any(audio.codec == "aac" for audio in info.audio) or "truncated" in info.warnings:
        return info
    try:
        moov = read_moov(path)
    except BadBoxes:
        return info
    return info.model_copy(update={
        "audio": tuple(_with_packets(audio, moov) for audio in info.audio),
    })


def _with_packets(audio: AudioStream, moov: bytes) -> AudioStream:
    try:
        table = read_aac_table(moov, audio.nth)
    except BadBoxes as error:
        log.info("audio track %d will be encoded: %s", audio.nth, error)
        return audio
    if table.sample_rate_hz != audio.sample_rate_hz:
        return audio  # HE-AAC: the packets' rate is half of what is heard
    found = AacPackets(nth=audio.nth, count=len(table), first_pts=table.first_pts, config_hex=table.config.hex())
    return audio.model_copy(update={"packets": found})
