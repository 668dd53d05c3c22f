"""A sparse copy with the essential bytes is judged exactly as the whole file is."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clips import CORPUS, Clips, Desk

from infra.core.errors import Rejected, StepFailed
from ingest import essentials as subject
from ingest.essentials import essentials
from transcode.render import make_inits
from transcode.sampling import planned

pytestmark = pytest.mark.media
MIB = 1 << 20
NOISE = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d={s},noise=alls=40:allf=t", "-f", "lavfi", "-i",
         "sine=440:r=48000:d={s}")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-bf", "2", "-b:v", "2M")


@pytest.fixture(autouse=True)
def nothing_more_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files have holes, too: no generous beginning, no filled gaps."""
    monkeypatch.setattr(subject, "BEGIN_BYTES", subject.HEAD_BYTES)
    monkeypatch.setattr(subject, "GAP_BYTES", 0)


def ranges_of(path: Path) -> list[tuple[int, int]] | None:
    with path.open("rb") as file:
        def read(start: int, length: int) -> bytes:
            assert length > 0
            file.seek(start)
            return file.read(length)
        return essentials(read, path.stat().st_size)


def sparse(path: Path, ranges: list[tuple[int, int]], copy: Path) -> Path:
    with path.open("rb") as source, copy.open("wb") as target:
        target.truncate(path.stat().st_size)
        for start, end in ranges:
            source.seek(start)
            target.seek(start)
            target.write(source.read(end - start))
    return copy


def verdict(desk: Desk, path: Path, work: Path) -> Any:
    """Everything that examining finds out: facts, plan and init sections, or why not."""
    work.mkdir()
    try:
        info = desk.info(path)
        h264 = replace(desk.tools, codecs=("h264",))
        info, made = planned(info, path, desk.settings, h264, desk.run)
    except Rejected as refused:
        return refused.code, refused.message
    try:
        names = [rendition.name for rendition in made.renditions]
        return info, made, make_inits(made, names, path, work, desk.tools, desk.run, max_pixels=desk.settings.max_pixels)
    except StepFailed as failed:
        return info, made, failed.code


def compare(desk: Desk, path: Path, folder: Path) -> tuple[int, int] | None:
    """(bytes needed, bytes of the file), after a look at both; None when all of it is needed."""
    ranges = ranges_of(path)
    if ranges is None:
        return None
    assert verdict(desk, path, folder / "a") == verdict(desk, sparse(path, ranges, folder / "sparse"), folder / "b")
    return sum(end - start for start, end in ranges), path.stat().st_size


def clip(clips: Clips, name: str, *args: str, seconds: int = 40) -> Path:
    return clips.make(name, *(part.format(s=seconds) for part in NOISE), *args)


KINDS: dict[str, tuple[str, ...]] = {
    "moov_last.mp4": (*X264, "-c:a", "aac"),
    "moov_first.mp4": (*X264, "-c:a", "aac", "-movflags", "+faststart"),
    "pcm.mov": (*X264, "-c:a", "pcm_s24le", "-ac", "2"),
    "pcm_chunks.mov": (*X264, "-c:a", "pcm_s16be", "-ac", "1", "-movflags", "+faststart"),
    "intra.mov": ("-c:v", "mjpeg", "-q:v", "3", "-c:a", "pcm_s16le"),
    "opus.mp4": (*X264, "-c:a", "libopus"),
    "two_sounds.mp4": (*X264, "-map", "0:v", "-map", "1:a", "-map", "1:a", "-c:a:0", "aac", "-c:a:1", "libmp3lame"),
    "slow.mp4": (*X264, "-r", "1/5", "-c:a", "aac"),
    "cues_last.mkv": (*X264, "-c:a", "aac"),
    "cues_first.mkv": (*X264, "-c:a", "libopus", "-cues_to_front", "1"),
    "recorder.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-c:a", "libopus",
                      "-s", "320x180", "-live", "1"),
    "slow.mkv": (*X264, "-r", "1/5", "-c:a", "libopus"),
}


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow) if name in ("recorder.webm", "slow.mkv") else name for name in KINDS])
def test_kinds_of_files(desk: Desk, clips: Clips, tmp_path: Path, name: str) -> None:
    path = clip(clips, name, *KINDS[name])
    needed = compare(desk, path, tmp_path)
    assert needed is not None
    assert needed[0] <= needed[1]  # how much less it is of a longer one is shown below


@pytest.mark.parametrize("name", ["moov_last.mp4", "cues_last.mkv", "cues_first.mkv"])
def test_what_is_needed_has_the_samples(desk: Desk, clips: Clips, tmp_path: Path, name: str) -> None:
    path = clip(clips, name, *KINDS[name])
    ranges = ranges_of(path)
    assert ranges is not None
    part = sparse(path, ranges, tmp_path / "sparse")
    info, _ = planned(desk.info(part), part, desk.settings, desk.tools, desk.run)
    assert info.video is not None
    assert len(info.video.samples) == 3


def test_a_podcast_in_matroska_is_not_fetched_whole(clips: Clips) -> None:
    ranges = ranges_of(clip(clips, "podcast.mka", "-vn", "-map", "1:a", "-c:a", "flac", seconds=120))
    assert ranges is not None


@pytest.mark.parametrize("args", [("-movflags", "+frag_keyframe+empty_moov")])
def test_fragments_are_read_whole(desk: Desk, clips: Clips, tmp_path: Path, args: tuple[str, ...]) -> None:
    assert ranges_of(clip(clips, "fragments.mp4", *X264, *args, seconds=4)) is None


@pytest.mark.parametrize("ending", ["ts", "flv", "avi"])
def test_without_tables_all_is_needed(desk: Desk, clips: Clips, ending: str) -> None:
    assert ranges_of(clip(clips, f"plain.{ending}", *X264, "-ar", "44100", seconds=4)) is None


def test_a_trimmed_recording_is_looked_at_where_it_is_shown_from(desk: Desk, clips: Clips, tmp_path: Path) -> None:
    """Phones trim by an edit list: the first picture lies in the middle of the file."""
    whole = clip(clips, "moov_last.mp4", *KINDS["moov_last.mp4"])
    trimmed = clips.make("trimmed.mp4", "-ss", "21.1", "-i", str(whole), "-c", "copy", "-copyinkf", reads=(whole,))
    data = bytearray(whole.read_bytes())
    at = data.index(b"elst") + 4
    media_time_at = at + 4 + 4 + 4
    scale = 12_800
    assert int.from_bytes(data[media_time_at:media_time_at + 4], "big") < scale
    data[media_time_at:media_time_at + 4] = (30 * scale).to_bytes(4, "big")
    late = tmp_path / "late.mp4"
    late.write_bytes(data)
    for number, path in enumerate((trimmed, late)):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert compare(desk, path, folder) is not None


def test_pieces_of_an_edit_need_all(clips: Clips, tmp_path: Path) -> None:
    data = bytearray(clip(clips, "moov_last.mp4", *KINDS["moov_last.mp4"]).read_bytes())
    at = data.index(b"elst") + 8
    assert int.from_bytes(data[at:at + 4], "big") == 1
    data[at:at + 4] = (2).to_bytes(4, "big")  # more than the box holds
    odd = tmp_path / "odd.mp4"
    odd.write_bytes(data)
    assert ranges_of(odd) is None


@pytest.mark.parametrize("name", [pytest.param("hour.mp4", marks=pytest.mark.slow), "hour_fast.mp4",
                                  pytest.param("hour.mkv", marks=pytest.mark.slow)])
def test_an_hour_needs_as_much_as_a_minute(desk: Desk, clips: Clips, tmp_path: Path, name: str,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # as in real life
    minute = clip(clips, "minute.mp4", *X264, "-c:a", "aac", seconds=60)
    fast = ("-movflags", "+faststart") if "fast" in name else ()
    hour = clips.make(name, "-stream_loop", "59", "-i", str(minute), "-c", "copy", *fast, reads=(minute,))
    try:
        needed = compare(desk, hour, tmp_path)
        assert needed is not None
        assert needed[0] < 16 * MIB < 600 * MIB < needed[1], needed
    finally:
        hour.unlink()


def corpus() -> list[Path]:
    found = CORPUS.rglob("*") if CORPUS.is_dir() else ()
    return sorted(path for path in found if path.suffix not in (".vtt", ".json", ".md") and path.is_file())


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
@pytest.mark.parametrize("path", corpus(), ids=lambda path: path.name)
def test_the_corpus(desk: Desk, tmp_path: Path, path: Path) -> None:
    try:
        ranges_of(path)
    except Rejected as refused:  # by its first bytes, as the whole is
        assert verdict(desk, path, tmp_path / "a")[0] == refused.code
        return
    compare(desk, path, tmp_path)


def test_damaged_tables_break_nothing(clips: Clips) -> None:
    """Noise in the index: ranges within the file, or all of it; never an exception."""
    data = clip(clips, "two_sounds.mp4", *KINDS["two_sounds.mp4"]).read_bytes()
    size, moov = len(data), data.index(b"moov")
    noise = random.Random(1)
    found = []
    for _ in range(150):
        at = noise.randrange(moov + 4, size - 4)
        broken = data[:at] + noise.randbytes(4) + data[at + 4:]

        def read(start: int, length: int, broken: bytes = broken) -> bytes:
            return broken[start:start + length]
        found.append(essentials(read, size))
        assert found[-1] is None or all(0 <= start < end <= size for start, end in found[-1])
    assert None in found and any(found)
