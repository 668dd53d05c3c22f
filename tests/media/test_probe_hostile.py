"""Uploads that are not what they seem: refused with a sentence, quickly, and nothing else is opened."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from clips import Desk
from granted import granted_s

from infra.core.command import Command
from infra.core.errors import Rejected, StepFailed
from infra.core.media import MediaInfo
from infra.core.safety import input_args
from ingest.probe import LIMITS, probe, probe_command

pytestmark = pytest.mark.media
BOUND_S = 5.0


def probed(desk: Desk, path: Path) -> MediaInfo:
    return probe(desk.run, desk.tools, desk.settings, path)


def refused(desk: Desk, path: Path) -> Rejected:
    started = granted_s()
    with pytest.raises(Rejected) as raised:
        probed(desk, path)
    assert granted_s() - started < BOUND_S
    return raised.value


@pytest.fixture
def victim(desk: Desk, tmp_path: Path) -> Path:
    """Another organization's media, readable for us."""
    path = tmp_path / "victim.ts"
    desk.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:d=1", "-c:v", "libx264", path, work=tmp_path)
    return path


def playlists(victim: Path, own: Path) -> dict[str, str]:
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n"
    return {
        "names a neighbour": f"{head}#EXTINF:1,\n{victim.name}\n#EXT-X-ENDLIST\n",
        "names an absolute path": f"{head}#EXTINF:1,\n{victim}\n#EXT-X-ENDLIST\n",
        "names a file URL": f"{head}#EXTINF:1,\nfile:{victim}\n#EXT-X-ENDLIST\n",
        "names the network": f"{head}#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
        "names itself": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{own.name}\n",
        "is a list of files": f"ffconcat version 1.0\nfile {victim.name}\n",
        "is a session": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        "is a manifest": f'<?xml version="1.0"?><MPD><Period><BaseURL>{victim.name}</BaseURL></Period></MPD>',
    }


NAMES = sorted(playlists(Path("victim.ts"), Path("own.mp4")))


@pytest.mark.parametrize("name", NAMES)
def test_a_list_of_other_files_called_a_video(desk: Desk, tmp_path: Path, victim: Path, name: str) -> None:
    path = tmp_path / "lecture.mp4"
    path.write_text(playlists(victim, path)[name])
    assert refused(desk, path).code == "unsupported_container"


@pytest.mark.parametrize("name", NAMES)
def test_ffprobe_and_ffmpeg_refuse_it_by_themselves(desk: Desk, tmp_path: Path, victim: Path, name: str) -> None:
    """The second wall: nobody looked at the first bytes. The options alone must hold, on every version."""
    path = tmp_path / "lecture.mp4"
    path.write_text(playlists(victim, path)[name])
    started = granted_s()
    with pytest.raises(StepFailed):
        desk.run(probe_command(desk.tools, path, desk.settings))
    with pytest.raises(StepFailed):
        desk.ffmpeg(*input_args(desk.settings.max_pixels), "-i", f"file:{path}", tmp_path / "out.mkv",
                    reads=(path,), work=tmp_path)
    assert granted_s() - started < BOUND_S
    assert not (tmp_path / "out.mkv").exists() or (tmp_path / "out.mkv").stat().st_size == 0


@pytest.mark.parametrize(("content", "code"), [
    (b"", "empty_file"), (b"\x8a", "damaged"), (b"this is no video\n", "unsupported_container"),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), "unsupported_container"), (b"\x8a\x93\xfe\x01" * 999, "unsupported_container"),
    (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "damaged"), (b"\x1a\x45\xdf\xa3" + b"\x9f" * 5000, "damaged"),
    (b"G" + bytes(187), "unsupported_container"), ((b"G" + b"\xff" * 187) * 99, "damaged"),
])
def test_what_is_no_video(desk: Desk, tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "lecture.mp4"
    path.write_bytes(content)
    error = refused(desk, path)
    assert error.code == code
    assert error.message.endswith(".")


@pytest.mark.parametrize("extension", ["mp4", "mkv", "ts"])
def test_a_huge_picture(desk: Desk, tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"huge.{extension}"
    desk.ffmpeg("-f", "lavfi", "-i", "color=s=8192x8192:d=0.04", "-c:v", "libx264", "-preset", "ultrafast", path,
                work=tmp_path)
    assert refused(desk, path).code == "too_many_pixels"


@pytest.mark.parametrize("codec", ["magicyuv", "ffvhuff"])
def test_a_decoder_that_is_not_on_the_list(desk: Desk, tmp_path: Path, codec: str) -> None:
    path = tmp_path / "exotic.mkv"
    desk.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:d=0.2", "-c:v", codec, path, work=tmp_path)
    error = refused(desk, path)
    assert error.code == "codec_not_allowed"
    assert codec in error.message


def test_a_thousand_streams(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "many.mp4"
    desk.ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", *["-map", "0:a"] * 70, "-c:a", "aac", path, work=tmp_path)
    assert refused(desk, path).code == "too_many_streams"


@pytest.fixture
def lecture(desk: Desk, tmp_path: Path) -> Path:
    path = tmp_path / "lecture.mp4"
    desk.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:d=20:r=25", "-f", "lavfi", "-i", "sine=d=20", "-c:v", "libx264",
                "-g", "50", "-c:a", "aac", "-movflags", "faststart", path, work=tmp_path)
    return path


def test_an_mp4_that_was_cut_has_the_length_that_is_there(desk: Desk, tmp_path: Path, lecture: Path) -> None:
    whole = lecture.read_bytes()
    assert probed(desk, lecture).warnings == ()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[:len(whole) * 6 // 10])
    started = granted_s()
    info = probed(desk, cut)
    assert granted_s() - started < BOUND_S
    assert info.warnings == ("truncated",)
    assert 8 < info.duration_s < 16
    assert info.video is not None
    # A plan made from this must find every frame: decode up to the end that was said.
    desk.ffmpeg(*input_args(desk.settings.max_pixels), "-i", f"file:{cut}", "-t", f"{float(info.duration_s):.3f}",
                "-map", f"0:{info.video.index}", "-c:v", "ffv1", tmp_path / "all.mkv", reads=(cut,), work=tmp_path)
    # (But for those that lie, in decoding order, behind the cut: at most the reordering depth, and one.)
    missing = int((info.video.duration_s or 0) * 25) - len(desk.packets(tmp_path / "all.mkv"))
    assert missing <= info.video.reorder_frames + 1
    nothing = tmp_path / "nothing.mp4"
    nothing.write_bytes(whole[:whole.index(b"mdat") + 50])
    assert refused(desk, nothing).code == "damaged"


def test_an_mp4_without_its_index(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "late_index.mp4"
    desk.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:d=2", "-c:v", "libx264", path, work=tmp_path)
    path.write_bytes(path.read_bytes()[:-2000])
    error = refused(desk, path)
    assert error.code == "damaged"
    assert "ends before its index" in error.message


def test_a_claim_of_three_days(desk: Desk, tmp_path: Path, lecture: Path) -> None:
    data = bytearray(lecture.read_bytes().replace(b"edts", b"free"))  # without the edit list that says 20 s
    at = -1
    while (at := data.find(b"mdhd", at + 1)) >= 0:
        struct.pack_into(">I", data, at + 16, 1)  # one tick a second: ISO/IEC 14496-12, 8.4.2, version 0
    path = tmp_path / "long.mp4"
    path.write_bytes(data)
    assert refused(desk, path).code == "too_long"


def test_names_mean_nothing(desk: Desk, tmp_path: Path, lecture: Path) -> None:
    for name in ("-i", "http:x.mp4", "concat:a|b", "x.m3u8", "Vorlesung 1 é.txt"):
        path = tmp_path / name
        path.write_bytes(lecture.read_bytes())
        assert probed(desk, path).duration_s == pytest.approx(20, abs=0.1)


def test_the_probe_may_take_two_gigabytes_and_no_more(desk: Desk) -> None:
    assert LIMITS.memory_bytes <= 2 << 30
    assert LIMITS.file_bytes <= 1 << 20
    assert desk.run(Command((str(desk.tools.ffprobe), "-version"), limits=LIMITS)).stdout
