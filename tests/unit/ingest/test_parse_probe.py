"""ffprobe's own answers to real files, understood."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from infra.core.command import Command
from infra.core.errors import Rejected, StepFailed
from infra.core.media import MediaInfo, VideoStream
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.process import ToolFailed
from ingest.layout import Layout
from ingest.probe import check_limits, parse_probe, probe_command, refusal
from ingest.truncation import parse_packets

FIXTURES = Path(__file__).parents[2] / "fixtures" / "probe"


def parsed(name: str, layout: Layout | None = None) -> MediaInfo:
    return parse_probe((FIXTURES / f"{name}.json").read_bytes(), 1000, layout)


def picture(name: str) -> VideoStream:
    video = parsed(name).video
    assert video is not None
    return video


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_every_answer_is_understood_and_survives_json(name: str) -> None:
    layout = Layout(end_s=Fraction(5)) if name == "no_duration" else None
    info = parsed(name, layout)
    assert info.duration_s > 0
    assert MediaInfo.model_validate_json(info.model_dump_json()) == info


def test_a_plain_lecture() -> None:
    info = parsed("slides_25", Layout(indexed=True))
    assert (info.container, info.duration_s, info.seekable) == ("mov", Fraction("723.12"), True)
    assert info.video is not None
    assert (info.video.codec, info.video.width_px, info.video.height_px) == ("h264", 1920, 1080)
    assert (info.video.frame_rate, info.video.reorder_frames) == (25, 2)
    assert [(a.codec, a.channels, a.language) for a in info.audio] == [("aac", 2, "eng")]


@pytest.mark.parametrize(("name", "turn"), [("rotated_270", 270), ("rotated_90_hlg_edit_list", 90), ("slides_25", 0)])
def test_rotation_is_what_a_player_turns_clockwise(name: str, turn: int) -> None:
    assert picture(name).rotation_deg == turn


@pytest.mark.parametrize(("name", "rate"), [
    ("fps_5994_silent", Fraction(60000, 1001)), ("fps_2997_mpeg2", Fraction(30000, 1001)), ("slides_25", Fraction(25)),
    ("vfr_2fps", Fraction(120)), ("interlaced", Fraction(25))])
def test_frame_rates_are_exact(name: str, rate: Fraction) -> None:
    assert picture(name).frame_rate == rate


def test_the_rate_of_fields_is_not_the_rate_of_frames() -> None:
    answer = json.loads((FIXTURES / "fps_2997_mpeg2.json").read_text())
    for stream in answer["streams"]:
        stream["r_frame_rate"] = "60000/1001"
    video = parse_probe(json.dumps(answer).encode(), 1).video
    assert video is not None
    assert video.frame_rate == Fraction(30000, 1001)


def test_variable_rates_show_in_the_average() -> None:
    assert picture("vfr_2fps").average_frame_rate == Fraction(5249, 2633)


def test_high_dynamic_range() -> None:
    video = picture("hdr10_2160p")
    assert (video.color_transfer, video.color_primaries, video.pix_fmt) == ("smpte2084", "bt2020", "yuv420p10le")
    assert picture("rotated_90_hlg_edit_list").color_transfer == "arib-std-b67"
    assert picture("slides_25").color_transfer is None


def test_shapes() -> None:
    assert (picture("odd_size").width_px, picture("odd_size").height_px) == (641, 359)
    assert picture("interlaced").sar == Fraction(64, 45)
    assert picture("interlaced").interlaced
    assert not picture("slides_25").interlaced
    assert (picture("portrait_av1_hdr").width_px, picture("portrait_av1_hdr").height_px) == (720, 1280)
    assert (picture("full_range_444").pix_fmt, picture("full_range_444").color_range) == ("yuvj444p", "pc")


def test_sound() -> None:
    assert parsed("fps_5994_silent").audio == ()
    assert [a.channels for a in parsed("surround").audio] == [6]
    assert [(a.nth, a.language, a.default) for a in parsed("three_languages").audio] == [
        (0, "eng", True), (1, "fra", False), (2, "deu", False)]
    (late,) = parsed("mono_late_audio").audio
    assert late.channels == 1
    assert late.start_s == Fraction("1.453016")


def test_cover_art_is_no_video() -> None:
    assert picture("cover_art").codec == "h264"
    assert parsed("cover_art_audio_only").video is None
    assert len(parsed("cover_art_audio_only").audio) == 1
    assert parsed("cover_art_audio_only").cover_index is None  # that ffprobe has no decoder for PNG


def test_a_cover_that_can_be_decoded_is_known() -> None:
    document = json.loads((FIXTURES / "cover_art_audio_only.json").read_bytes())
    document["streams"][1] |= {"width": 600, "height": 600}
    assert parse_probe(json.dumps(document).encode(), 1000).cover_index == 1


def test_of_several_pictures_the_largest_that_moves() -> None:
    assert (picture("two_pictures").index, picture("two_pictures").width_px) == (3, 480)
    assert picture("empty_track").index == 0


def test_starts() -> None:
    assert parsed("starts_at_10").start_s == 10
    assert picture("starts_at_10").start_s == 10
    assert parsed("negative_start_audio_only").video is None


def test_a_missing_duration_comes_from_the_layout_or_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        parsed("no_duration")
    assert refused.value.code == "damaged"
    info = parsed("no_duration", Layout(end_s=Fraction(5), video_end_s=Fraction(5), audio_end_s=Fraction(4)))
    assert info.duration_s == 5
    assert info.video is not None
    assert info.video.duration_s == 5
    assert info.warnings == ()
    assert parsed("no_duration", Layout(end_s=Fraction(5), overrun=True)).warnings == ("truncated",)


@pytest.mark.parametrize(("streams", "code"), [
    ([], "no_streams"), ([{"codec_type": "data", "index": 0}], "no_streams"),
    ([{"codec_type": "video", "index": 0, "width": 0, "height": 0}], "damaged"),
    ([{"codec_type": "video", "index": 0, "width": 9, "height": 9, "pix_fmt": "pal8",
       "disposition": {"attached_pic": 1}}], "damaged"),
])
def test_files_with_nothing_to_see_or_hear(streams: list[object], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_probe(json.dumps({"streams": streams, "format": {"duration": "3"}}).encode(), 1)
    assert refused.value.code == code


def test_limits() -> None:
    info = parsed("hdr10_2160p")
    with pytest.raises(Rejected) as refused:
        check_limits(info, Settings(max_pixels=1920 * 1080))
    assert refused.value.code == "too_many_pixels"
    with pytest.raises(Rejected) as refused:
        check_limits(info.model_copy(update={"duration_s": Fraction(10**9)}), Settings())
    assert refused.value.code == "too_long"
    check_limits(info, Settings())


@pytest.mark.parametrize(("code", "stderr", "expected"), [
    ("tool_failed", "[magicyuv @ 0x7f] Codec (magicyuv) not on whitelist 'h264,hevc'", "codec_not_allowed"),
    ("tool_failed", "[IMGUTILS @ 0x7f] Picture size 8192x8192 exceeds specified max pixel count", "too_many_pixels"),
    ("tool_out_of_memory", "Number of streams exceeds max_streams parameter (64)\nOut of memory", "too_many_streams"),
    ("tool_out_of_memory", "Cannot allocate memory", "damaged"),
    ("tool_failed", "[mov @ 0x7f] moov atom not found", "damaged"),
    ("tool_failed", "Invalid data found when processing input", "damaged"),
    ("tool_timeout", "", None), ("cancelled", "", None),
])
def test_why_ffprobe_gave_up(code: str, stderr: str, expected: str | None) -> None:
    failure = ToolFailed(code, "ffprobe failed")
    failure.stderr = stderr
    refused = refusal(failure, Layout())
    assert (refused.code if refused else None) == expected
    assert refusal(StepFailed("tool_failed", "no stderr at all"), Layout()) is not None


def test_the_command_names_what_may_be_opened() -> None:
    path = Path("/data/-evil.mp4")
    command = probe_command(Tools(Path("ffmpeg"), Path("ffprobe"), "x"), path, Settings())
    assert isinstance(command, Command)
    assert command.argv[-2:] == ("-i", "file:/data/-evil.mp4")
    assert command.argv[command.argv.index("-protocol_whitelist") + 1] == "file"
    formats = command.argv[command.argv.index("-format_whitelist") + 1].split(",")
    assert not {"hls", "dash", "concat", "sdp", "image2", "tty", "lavfi", "applehttp", "rtsp"} & set(formats)
    assert command.reads == (path,)
    assert command.work is None
    assert command.limits.wall_s <= 15


def test_cut_packets_do_not_count() -> None:
    answer = {"packets": [{"stream_index": 0, "pts_time": "1.5", "duration_time": "0.04", "flags": "K__"},
                          {"stream_index": 0, "pts_time": "1.54", "duration_time": "0.04", "flags": "__C"},
                          {"stream_index": 1, "flags": "K__"}]}
    assert parse_packets(json.dumps(answer).encode()) == [(0, Fraction("1.5"), Fraction("1.54"))]
