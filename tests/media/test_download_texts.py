"""Captions and chapters in the file for download: ffprobe and ffmpeg find what was written; sound and picture stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clips import Clips, Desk
from test_download_file import context, finished

from infra.core.command import Command
from infra.core.keys import PlanKeys
from transcode.text_samples import Captions, Shown, Texts

pytestmark = pytest.mark.media

TEXTS = Texts(stamp="one", captions=(
    Captions(language="en", default=True, cues=(
        Shown(start_s=0.5, end_s=2.25, text="A graph has nodes\nand edges & <b>"),
        Shown(start_s=1.75, end_s=3, text="At the same time: 漢字 \N{GRINNING FACE}"),
        Shown(start_s=5.5, end_s=99, text="End."))),
    Captions(language="zh-Hant", default=False, cues=(Shown(start_s=2, end_s=4, text="圖"),))),
    chapters=(Shown(start_s=0, end_s=2.5, text="Nodes"), Shown(start_s=2.5, end_s=6, text="Kanten & »Wege« 漢")))


@pytest.fixture
def file(desk: Desk, clips: Clips, out: Path) -> Path:
    ctx, made = context(desk, clips.flashing("down.mp4", seconds=6), out)
    ctx.storage.put(PlanKeys.of("o_1", "v_1", made.id).download_texts, TEXTS.model_dump_json().encode())
    path, outcome = finished(ctx, made, out)
    assert outcome["text"] == "one"
    return path


def probed(desk: Desk, path: Path) -> dict[str, Any]:
    done = desk.run(Command((str(desk.tools.ffprobe), "-v", "error", "-show_streams", "-show_chapters", "-of", "json",
                             str(path)), reads=(path,)))
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_ffprobe_lists_them(desk: Desk, file: Path) -> None:
    found = probed(desk, file)
    assert [(one["start_time"], one["end_time"], one["tags"]["title"]) for one in found["chapters"]] == [
        ("0.000000", "2.500000", "Nodes"), ("2.500000", "6.000000", "Kanten & »Wege« 漢")]
    texts = [one for one in found["streams"] if one["codec_type"] == "subtitle"]
    assert [(one["codec_name"], one["tags"]["language"], one["disposition"]["default"], one["disposition"]["forced"])
            for one in texts] == [("mov_text", "eng", 1, 0), ("mov_text", "zho", 0, 0)]
    assert {one["codec_type"] for one in found["streams"]} == {"video", "audio", "subtitle", "data"}


@pytest.mark.parametrize("gone", [b"chpl", b"tref"])
def test_either_form_of_chapters_is_enough(desk: Desk, file: Path, gone: bytes) -> None:
    data = file.read_bytes()
    assert data.count(gone) == 1
    file.write_bytes(data.replace(gone, b"free"))
    assert [one["tags"]["title"] for one in probed(desk, file)["chapters"]] == ["Nodes", "Kanten & »Wege« 漢"]


def test_ffmpeg_takes_the_captions_out_again(desk: Desk, file: Path, out: Path) -> None:
    srt = out / "taken.srt"
    desk.ffmpeg("-i", file, "-map", "0:s:0", "-f", "srt", srt, reads=(file,), work=out)
    assert [block.split("\n", 1)[1] for block in srt.read_text().strip().split("\n\n")] == [
        "00:00:00,500 --> 00:00:01,750\nA graph has nodes\nand edges & <b>",
        "00:00:01,750 --> 00:00:02,250\nA graph has nodes\nand edges & <b>\nAt the same time: 漢字 \N{GRINNING FACE}",
        "00:00:02,250 --> 00:00:03,000\nAt the same time: 漢字 \N{GRINNING FACE}",
        "00:00:05,500 --> 00:00:06,000\nEnd."]
    other = out / "other.srt"
    desk.ffmpeg("-i", file, "-map", "0:s:1", "-f", "srt", other, reads=(file,), work=out)
    assert "00:00:02,000 --> 00:00:04,000\n圖" in other.read_text()


def test_picture_and_sound_are_those_of_the_file_without_them(desk: Desk, clips: Clips, out: Path, file: Path) -> None:
    (out / "plain").mkdir()
    ctx, made = context(desk, clips.flashing("down.mp4", seconds=6), out / "plain")
    plain, outcome = finished(ctx, made, out / "plain")
    assert set(outcome) == {"size_bytes", "sha256"}
    kinds = ("video", "audio")
    assert [one for one in desk.packets(file) if one["codec_type"] in kinds] != []
    for field in ("pts_time", "dts_time", "size", "flags"):
        both = [[one[field] for one in desk.packets(path) if one["codec_type"] == kind] for kind in kinds
                for path in (file, plain)]
        assert both[0] == both[1] and both[2] == both[3]
