"""What an ffmpeg says of itself, and what a missing one makes us say."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from infra.core.errors import ConfigError
from infra.core.settings import Settings
from infra.tools import Check, checks, find_tools, read_build, unfit

BANNER = """ffmpeg version {version} Copyright (c) 2000-2026 the FFmpeg developers
  built with gcc 13.2.1
  configuration: --enable-gpl --enable-libx264
  libavutil      60. 26.102 / 60. 26.102
  libavcodec     {libavcodec}. 28.102 / {libavcodec}. 28.102
"""
ENCODERS = """Encoders:
 V..... = Video
 ------
 V....D libx264              libx264 H.264 / AVC (codec h264)
 A....D aac                  AAC (Advanced Audio Coding)
 S..... ass                  ASS subtitle
"""


def build(version: str = "8.1.2", libavcodec: int = 62, encoders: str = ENCODERS) -> str:
    return unfit(read_build(BANNER.format(version=version, libavcodec=libavcodec), encoders))


def test_a_build_is_judged_by_its_library_and_its_encoders() -> None:
    assert build() == ""
    assert build("N-118448-g43be8d0728", 61) == ""
    assert "version 5.1.9, and 7.0 or newer" in build("5.1.9", 59)
    assert build(encoders=ENCODERS.replace("libx264", "h264_nvenc")) == "it was built without libx264"
    assert build(encoders="") == "it was built without libx264 and aac"
    assert "unknown" in unfit(read_build("not ffmpeg at all", ""))


def test_the_identity_changes_with_whatever_can_change_the_output() -> None:
    one = BANNER.format(version="8.1", libavcodec=62)
    same_but_for_the_compiler = one.replace("gcc 13.2.1", "clang 17")
    other_library = one.replace("62. 28.102", "62. 28.103")
    other_options = one.replace("--enable-gpl", "--enable-gpl --disable-asm")
    identities = [read_build(banner, ENCODERS).identity for banner in
                  (one, same_but_for_the_compiler, other_library, other_options)]
    assert identities[0] == identities[1]
    assert len(set(identities)) == 3
    assert identities[0].startswith("ffmpeg-8.1-")


@pytest.mark.parametrize("name", ["/nowhere/ffmpeg", "/bin/true"])
def test_a_wrong_path_says_what_to_do(name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        find_tools(Settings(ffmpeg=name))
    assert raised.value.code == "ffmpeg_missing"
    assert name in raised.value.message
    assert "LECTERN_FFMPEG" in raised.value.message


def test_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        found = checks(Settings(data=tmp_path / "file" / "data", port=busy.getsockname()[1], reserve_bytes=1 << 62,
                                ffmpeg="/nowhere/ffmpeg"))
    wrong: dict[str, Check] = {check.name: check for check in found if not check.ok}
    assert set(wrong) == {"ffmpeg", "data folder", "port", "disk room"}
    assert all(check.fix for check in wrong.values())
