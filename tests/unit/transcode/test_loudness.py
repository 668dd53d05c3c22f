"""What ffmpeg's ebur128 says is understood, and stays with the track it is about."""

from __future__ import annotations

import pytest
from media_infos import audio, source, video

from infra.core.media import Loudness, MediaInfo
from transcode.loudness import parse_summary, with_loudness

SAID = """[Parsed_ebur128_0 @ 0x7f7e395b5940] Summary:

  Integrated loudness:
    I:         {integrated} LUFS
    Threshold: -24.2 LUFS

  Loudness range:
    LRA:         3.1 LU
    Threshold: -34.5 LUFS
    LRA low:   -16.0 LUFS
    LRA high:  -13.0 LUFS

  True peak:
    Peak:       {peak} dBFS
[out#0/null @ 0x7f7e3959ce00] video:0KiB audio:135584KiB subtitle:0KiB other streams:0KiB
"""


@pytest.mark.parametrize(("integrated", "peak", "expected"), [
    ("-14.0", "-2.1", Loudness(integrated_lufs=-14.0, range_lu=3.1, true_peak_dbtp=-2.1)),
    ("-70.0", "-inf", Loudness(integrated_lufs=None, range_lu=3.1, true_peak_dbtp=None)),
    ("-70.0", "-80.5", Loudness(integrated_lufs=None, range_lu=3.1, true_peak_dbtp=-80.5)),
    ("0.3", "1.2", Loudness(integrated_lufs=0.3, range_lu=3.1, true_peak_dbtp=1.2)),
])
def test_a_summary_is_read(integrated: str, peak: str, expected: Loudness) -> None:
    assert parse_summary(SAID.format(integrated=integrated, peak=peak)) == expected


def test_without_a_summary_there_is_no_answer() -> None:
    assert parse_summary("Conversion failed!") is None


def test_each_track_keeps_its_own() -> None:
    info = source("mov", video(), audio(index=1), audio(index=2))
    found = Loudness(integrated_lufs=-20, range_lu=1, true_peak_dbtp=-3)
    told = with_loudness(info, {"2": found.model_dump(mode="json")})
    assert [stream.loudness for stream in told.audio] == [None, found]
    assert MediaInfo.model_validate(told.model_dump(mode="json")) == told
