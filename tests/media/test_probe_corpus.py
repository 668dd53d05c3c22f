"""What the probe says of real files, against what is known of them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from clips import CORPUS, Desk
from granted import granted_s

from infra.core.errors import Rejected
from ingest.probe import probe

pytestmark = [pytest.mark.media, pytest.mark.corpus,
              pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")]

NTSC, FILM = Fraction(30000, 1001), Fraction(24000, 1001)
# file: (duration_s, codec and size of the picture, nominal rate, channels of each sound, more)
FILES: dict[str, tuple[float, str, Fraction | int | None, list[int], dict[str, object]]] = {
    "lectures/polar_mammals.mp4": (126.967, "h264 300x300", 30, [2], {}),
    "lectures/mammals_6fps.mp4": (95.333, "h264 300x300", 6, [2], {}),
    "lectures/synthetic_lecture_12min_1080p.mp4": (723.12, "h264 1920x1080", 25, [2], {"seekable": True}),
    "lectures/screencast_1616x1568_noaudio.mp4": (73.0, "h264 1616x1568", 30, [], {}),
    "lectures/screencast_1_9fps_noaudio.mp4": (83.478, "h264 1280x704", Fraction(23, 12), [], {}),
    "lectures/clock_120s.flv": (119.006, "h264 640x480", 25, [2], {"seekable": False}),
    "lectures/talking_heads_vp9_noaudio.webm": (37.88, "vp9 1280x720", 25, [], {}),
    "lectures/slidechanges_vfr.mov": (27.598, "h264 1024x768", 24, [], {}),
    "lectures/lecture_slide_vfr_2fps.mov": (10.44, "h264 640x480", 120, [2], {}),
    "lectures/dual_camera_mpeg1.mpg": (8.642, "mpeg1video 768x480", NTSC, [], {"start_s": 0.5}),
    "lectures/dual_screen_mpeg1.mpg": (8.867, "mpeg1video 1024x768", 30, [], {"start_s": 0.5}),
    "lectures/screencast_theora_274x269.ogv": (21.7, "theora 274x269", 10, [], {}),
    "lectures/timecode_loud_silent_720p.mp4": (42.4, "h264 1280x720", 30, [2], {}),
    "lectures/screencast_presenter_mpeg2.mpeg": (8.318, "mpeg2video 640x480", NTSC, [2], {"start_s": 0.524}),
    "tech/long_1080p_lowbitrate.mp4": (362.767, "h264 1920x1080", 30, [2], {}),
    "tech/sample_h265.mp4": (10.0, "hevc 1920x1080", 30, [], {}),
    "tech/hdr10_2160p5994_hevc_eac3_51.mp4": (3.008, "hevc 3840x2160", Fraction(60000, 1001), [6],
                                              {"color_transfer": "smpte2084"}),
    "tech/rotation_matrix_90_720p.mp4": (4.972, "h264 1280x720", NTSC, [2], {"rotation_deg": 270}),
    "tech/sample_edit_list.mp4": (2.548, "hevc 1920x1080", NTSC, [2], {"rotation_deg": 90}),
    "tech/bbb_800x640_768kbps_30fps_avc_2b_firstpts_10_sec.mp4": (4.0, "h264 800x640", 30, [], {"start_s": 10}),
    "tech/bbb_1ch_48kHz_q10_opus.webm": (3.008, "", None, [1], {}),
    "tech/sample_with_chapters.mp4": (1.089, "h264 1080x720", NTSC, [1], {}),
    "tech/sample_with_srt.mkv": (1.234, "h264 1080x720", 60, [1], {}),
    "tech/sample_with_ass_subtitles.mkv": (1.139, "h264 1080x720", 60, [1], {}),
    "tech/sample_empty_track.mp4": (1.066, "h264 1080x720", NTSC, [1], {"index": 0}),
    "tech/sample_fragmented.mp4": (1.068, "h264 1080x720", NTSC, [1], {"seekable": False}),
    "tech/mpeg4asp_mp3_23976.avi": (4.087, "mpeg4 960x400", FILM, [2], {"seekable": True}),
    "tech/video_desks.3gp": (5.148, "h263 352x288", NTSC, [1], {"sar": Fraction(12, 11)}),
    "tech/trim_optimization_failure.mp4": (5.589, "h264 518x488", Fraction(359, 12), [2], {"color_range": "pc"}),
    "tech/sample_eac3.mp4": (1.728, "", None, [6], {}),
    "tech/nasa_multitrack.mp4": (13.056, "h264 480x270", NTSC, [2, 2], {"index": 3}),
    "tech/aac51_mpeg4_720p.mkv": (3.6, "mpeg4 1280x720", 25, [6], {"seekable": False}),
    "tech/vp9_1920x800.webm": (16.667, "vp9 1920x800", 24, [], {}),
    "tech/h264_yuvj444_1fps.mp4": (30.0, "h264 320x180", 1, [], {"pix_fmt": "yuvj444p"}),
    "tech/cover_png.mp4": (2.02, "h264 640x360", 30, [2], {}),
    "tech/sar_2by3.mp4": (2.02, "h264 640x360", 30, [2], {"sar": Fraction(2, 3)}),
    "tech/h264_yuv422p.mp4": (2.02, "h264 640x360", 30, [2], {"pix_fmt": "yuv422p"}),
    "tech/subs_mov_text.mp4": (2.0, "h264 300x200", 20, [2], {}),
    "tech/multilang_3audio_2subs.mkv": (12.046, "h264 1280x720", 25, [1, 1, 1], {"seekable": True}),
    "tech/interlaced_576i25_mpeg2.mpg": (8.02, "mpeg2video 720x576", 25, [1],
                                         {"interlaced": True, "sar": Fraction(64, 45)}),
    "tech/old_wmv2_wmav2.wmv": (10.086, "wmv2 640x360", 30, [2], {}),
    "tech/old_msmpeg4v2_mp3.avi": (8.133, "msmpeg4v2 352x288", 15, [2], {}),
    "tech/odd_641x359_vp9.webm": (6.0, "vp9 641x359", 25, [], {}),
    "tech/audio_longer_than_video.mp4": (25.0, "h264 640x360", 25, [1], {}),
    "tech/audio_starts_1500ms_late.mp4": (10.0, "h264 640x360", 25, [1], {}),
    "tech/h264_5994fps_noaudio.mp4": (6.006, "h264 1280x720", Fraction(60000, 1001), [], {}),
    "tech/hevc_23976fps.mp4": (6.006, "hevc 1280x720", FILM, [1], {}),
    "tech/slides_2160p_hevc_10bit.mp4": (12.011, "hevc 3840x2160", 25, [2], {"pix_fmt": "yuv420p10le"}),
    "tech/aac_5point1.mp4": (10.0, "h264 1280x720", 25, [6], {}),
    "tech/audio_only_podcast_cover_chapters.mp3": (300.0, "", None, [1], {}),
    "tech/vfr_screencast_180s.mkv": (180.008, "h264 1280x720", 25, [1], {}),
    "tech/black_and_silent_10s.mp4": (10.005, "h264 1280x720", 30, [2], {}),
    "broken/sample_mdat_too_long.mp4": (1.067, "h264 1080x720", NTSC, [1], {"warnings": ()}),
    "broken/truncated_faststart_60pct.mp4": (51.83, "h264 300x300", 6, [2], {"warnings": ("truncated",)}),
    "broken/video_with_failing_audio.mp4": (11.233, "h264 640x360", 25, [2], {}),
    "broken/webm_without_duration.webm": (4.872, "vp9 1280x720", Fraction(15000, 1001), [2], {"seekable": False}),
}
REFUSED = {
    "broken/zero_length.mp4": ("empty_file", "0 bytes"),
    "broken/text_renamed.mp4": ("unsupported_container", "a text file"),
    "broken/truncated_no_moov.mp4": ("damaged", "ends before its index"),
    "broken/sample_malformed_free_box.mp4": ("damaged", "can not be read"),
}
SOMETIMES = {"tech/hdr10-av1.mp4"}  # where ffmpeg can decode AV1


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_described_as_it_is(desk: Desk, name: str) -> None:
    duration_s, picture, rate, channels, more = FILES[name]
    started = granted_s()
    info = probe(desk.run, desk.tools, desk.settings, CORPUS / name)
    assert granted_s() - started < 5
    video = info.video
    assert float(info.duration_s) == pytest.approx(duration_s, abs=0.06)
    assert (f"{video.codec} {video.width_px}x{video.height_px}" if video else "") == picture
    assert (video.frame_rate if video else None) == rate
    assert [stream.channels for stream in info.audio] == channels
    for field, value in more.items():
        owner = info if hasattr(info, field) else video
        found = getattr(owner, field)
        assert (float(found) if isinstance(value, float) else found) == value, field


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_broken_file_is_refused_with_a_true_sentence(desk: Desk, name: str) -> None:
    code, words = REFUSED[name]
    with pytest.raises(Rejected) as refused:
        probe(desk.run, desk.tools, desk.settings, CORPUS / name)
    assert refused.value.code == code
    assert words in refused.value.message


def test_av1_is_described_or_refused_by_name(desk: Desk) -> None:
    try:
        info = probe(desk.run, desk.tools, desk.settings, CORPUS / "tech/hdr10-av1.mp4")
    except Rejected as refused:
        assert (refused.code, "AV1" in refused.message) == ("codec_not_allowed", True)
    else:
        assert info.video is not None
        assert (info.video.width_px, info.video.height_px) == (720, 1280)


def test_no_file_is_forgotten() -> None:
    media = {str(path.relative_to(CORPUS)) for folder in ("lectures", "tech", "broken")
             for path in (CORPUS / folder).iterdir() if path.suffix not in (".vtt", ".json", ".md")}
    assert media == set(FILES) | set(REFUSED) | SOMETIMES
