"""Sources as the probe would describe them: a few that one meets, and any that there could be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from infra.core.media import AacPackets, AudioStream, MediaInfo, Sample, VideoStream

ENCODER = "ffmpeg-8.1-test"
SLIDES = Sample(width_px=640, height_px=360, frames=12, first_bits=180_000, later_bits=10_000)


def video(**changes: Any) -> VideoStream:
    """1080p at 25 frames a second, 100 s, with some fields changed."""
    fields: dict[str, Any] = {"index": 0, "codec": "h264", "width_px": 1920, "height_px": 1080,
                              "frame_rate": Fraction(25), "duration_s": Fraction(100), "reorder_frames": 2}
    return VideoStream(**(fields | changes))


def audio(**changes: Any) -> AudioStream:
    """Stereo AAC-LC at 48 kHz, 100 s, without a packet table, with some fields changed."""
    fields: dict[str, Any] = {"index": 1, "codec": "aac", "profile": "LC", "channels": 2, "sample_rate_hz": 48_000,
                              "duration_s": Fraction(100), "bit_rate_bps": 128_000}
    return AudioStream(**(fields | changes))


def source(container: str = "mov", video: VideoStream | None = None, *audio: AudioStream, **changes: Any) -> MediaInfo:
    """A file of 100 s."""
    fields: dict[str, Any] = {"container": container, "size_bytes": 10_000_000, "duration_s": Fraction(100),
                              "video": video, "audio": audio}
    return MediaInfo(**(fields | changes))


_packets = AacPackets(nth=0, count=4690, first_pts=-1024, config_hex="1190")

# One of each kind that creators send; the golden commands and playlists are made from these.
SOURCES = {
    "mp4_1080p25": source("mov", video(), audio(packets=_packets, language="eng")),
    "phone_portrait_vfr": source(
        "mov", video(codec="hevc", rotation_deg=90, frame_rate=Fraction(30), average_frame_rate=Fraction("29.83"),
                     duration_s=Fraction("61.237"), reorder_frames=0),
        audio(channels=1, sample_rate_hz=44_100, duration_s=Fraction("61.3"))),
    "mkv_screen_60fps": source(
        "matroska", video(width_px=2560, height_px=1440, frame_rate=Fraction(60), duration_s=None),
        audio(index=1, codec="aac", duration_s=None), duration_s=Fraction("37.517")),
    "webm_variable_rate": source(
        "matroska", video(codec="vp9", width_px=1276, height_px=718, frame_rate=Fraction(1000),
                          average_frame_rate=Fraction("12.4"), duration_s=None, reorder_frames=0),
        audio(codec="opus", profile=None, duration_s=None), duration_s=Fraction("20.02")),
    "ts_interlaced": source(
        "mpegts", video(codec="mpeg2video", width_px=720, height_px=576, sar=Fraction(64, 45), interlaced=True,
                        start_s=Fraction("1.4"), duration_s=Fraction(30)),
        audio(codec="mp2", profile=None, start_s=Fraction("1.38"), duration_s=Fraction("30.02")),
        start_s=Fraction("1.38"), seekable=False),
    "mov_2997_audio_late": source(
        "mov", video(frame_rate=Fraction(30_000, 1001), width_px=1280, height_px=720, duration_s=Fraction("20.02")),
        audio(codec="pcm_s16le", profile=None, start_s=Fraction("0.5"), duration_s=Fraction("19.5"))),
    "silent_small_odd": source(
        "mov", video(width_px=321, height_px=241, frame_rate=Fraction(15), duration_s=Fraction("7.4"))),
    "three_languages": source(
        "matroska", video(width_px=640, height_px=360, duration_s=None, start_s=Fraction("0.046")),
        *(audio(index=i, channels=1, sample_rate_hz=22_050, duration_s=None, language=language, default=i == 1)
          for i, language in enumerate(("eng", "fre", "deu"), 1)), duration_s=Fraction("12.046")),
    "surround": source(
        "mov", video(width_px=640, height_px=360, duration_s=Fraction(10)),
        audio(channels=6, duration_s=Fraction("9.07")),
        audio(index=2, language="spa", describes_video=True, duration_s=Fraction(10))),
    "podcast": source(
        "mp3", None, audio(index=0, codec="mp3", profile=None, sample_rate_hz=44_100, language="eng",
                           start_s=Fraction("0.025057"), duration_s=Fraction(2000)),
        duration_s=Fraction(2000), start_s=Fraction("0.025057"), cover_index=1),
    "m4a": source("mov", None, audio(index=0, duration_s=Fraction(100), packets=_packets)),
    "slides": source("mov", video(samples=(SLIDES, SLIDES, SLIDES)), audio(packets=_packets)),
    "one_picture": source("mov", video(width_px=640, height_px=360, duration_s=Fraction("0.04"), reorder_frames=0)),
}

_seconds = st.fractions(min_value=0, max_value=5000, max_denominator=90_000)
_rates = st.one_of(
    st.sampled_from([Fraction(n) for n in (0, 1, 5, 6, 10, 12, 15, 24, 25, 30, 50, 60, 100, 120, 240, 1000, 90_000)]
                    + [Fraction(n, 1001) for n in (15_000, 24_000, 30_000, 60_000, 120_000)]),
    st.fractions(min_value=Fraction(1, 10), max_value=260, max_denominator=2000),
)


@st.composite
def video_streams(draw: st.DrawFn) -> VideoStream:
    """Anything that a probe can say of a picture."""
    return VideoStream(
        index=0, codec="h264", width_px=draw(st.integers(2, 8192)), height_px=draw(st.integers(2, 8192)),
        sar=draw(st.sampled_from([Fraction(1), Fraction(0), Fraction(64, 45), Fraction(3, 4), Fraction(10, 11)])),
        rotation_deg=draw(st.sampled_from([0, 90, 180, 270])), frame_rate=draw(_rates),
        average_frame_rate=draw(st.none() | _rates), start_s=draw(_seconds), duration_s=draw(st.none() | _seconds),
        reorder_frames=draw(st.integers(0, 4)), interlaced=draw(st.booleans()),
    )


@st.composite
def audio_streams(draw: st.DrawFn) -> AudioStream:
    """Anything that a probe can say of a sound, with or without a packet table."""
    packets = st.builds(AacPackets, nth=st.just(0), count=st.integers(1, 300_000),
                        first_pts=st.integers(-4096, 400_000), config_hex=st.just("1190"))
    return AudioStream(
        index=draw(st.integers(1, 60)), language=draw(st.sampled_from([None, "eng", "fra", "fre", "gsw", "nonsense"])),
        title=draw(st.sampled_from([None, "Commentary", 'A "title"\nof two lines'])), default=draw(st.booleans()),
        describes_video=draw(st.booleans()), codec=draw(st.sampled_from(["aac", "mp3", "opus", "pcm_s16le"])),
        profile=draw(st.sampled_from(["LC", "HE-AAC", None])), channels=draw(st.integers(1, 8)),
        sample_rate_hz=draw(st.sampled_from([8000, 22_050, 32_000, 44_100, 48_000, 96_000])),
        start_s=draw(_seconds), duration_s=draw(st.none() | _seconds), packets=draw(st.none() | packets),
    )


@st.composite
def media_infos(draw: st.DrawFn) -> MediaInfo:
    """Any source, with or without a picture."""
    picture = draw(video_streams() | st.none())
    sounds = draw(st.lists(audio_streams(), min_size=picture is None, max_size=4, unique_by=lambda sound: sound.index))
    start = min(track.start_s for track in (picture, *sounds) if track)
    return MediaInfo(container=draw(st.sampled_from(["mov", "matroska", "mpegts", "avi", "flv", "mp3"])), size_bytes=1000,
                     duration_s=draw(_seconds), start_s=start, seekable=draw(st.booleans()), video=picture,
                     audio=tuple(sounds))


@st.composite
def copyable(draw: st.DrawFn) -> MediaInfo:
    """An MP4 whose AAC packets begin and end about where the picture does: the case that is copied, or nearly."""
    rate = draw(st.sampled_from([Fraction(25), Fraction(30_000, 1001), Fraction(60)]))
    frames = draw(st.integers(1, 3000))
    hertz = draw(st.sampled_from([44_100, 48_000]))
    count = max(1, int(frames / rate * hertz / 1024) + draw(st.integers(-4, 4)))
    first_pts = draw(st.sampled_from([0, -1024, -2112, -2048, 200, 700]))
    sound = audio(sample_rate_hz=hertz, start_s=Fraction(max(first_pts, 0), hertz), duration_s=Fraction(count * 1024, hertz),
                  packets=AacPackets(nth=0, count=count, first_pts=first_pts, config_hex="1190"))
    return source("mov", video(frame_rate=rate, duration_s=frames / rate, start_s=draw(st.sampled_from(
        [Fraction(0), 2 / rate])), width_px=640, height_px=360), sound)
