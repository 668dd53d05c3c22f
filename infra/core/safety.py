"""What ffmpeg and ffprobe may open and decode: one list for every input that came from outside.

An upload is hostile until proven otherwise, and patches for decoders arrive late. So the formats, the
protocols and the decoders are named here, and everything else is refused by the program itself, whatever its
version. Formats that name other files (hls, dash, concat, sdp, image2, tty, lavfi, subfile) must never be added:
a playlist called lecture.mp4 would copy another organization's media into its owner's output.
"""

from __future__ import annotations

# ffmpeg's demuxer names. A demuxer with several names is allowed by any of them.
FORMATS: tuple[str, ...] = (
    "mov", "mp4", "m4a", "3gp", "3g2", "matroska", "webm", "mpegts", "mpeg", "avi", "flv", "asf", "ogg",
    "wav", "mp3", "flac", "aac",
)

# Decoder names, not codec names: AV1 is libdav1d, libaom-av1 or av1, depending on the build.
VIDEO_DECODERS: tuple[str, ...] = (
    "h264", "hevc", "av1", "libdav1d", "libaom-av1", "vp8", "libvpx", "vp9", "libvpx-vp9",
    "mpeg1video", "mpeg2video", "mpeg4", "h263", "flv", "msmpeg4v1", "msmpeg4v2", "msmpeg4",
    "wmv1", "wmv2", "wmv3", "vc1", "theora", "mjpeg", "prores", "dnxhd", "dvvideo", "vp6", "vp6f",
    "qtrle",  # QuickTime Animation: old Mac screen recordings
    "png",  # cover art, in almost every audio file; also lossless screen recordings in MOV
)
AUDIO_DECODERS: tuple[str, ...] = (
    "aac", "aac_latm", "libfdk_aac", "mp3", "mp3float", "mp2", "mp2float", "mp1", "mp1float", "opus", "libopus",
    "vorbis", "libvorbis", "flac", "alac", "ac3", "eac3", "dca", "wmav1", "wmav2", "wmapro",
    "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "speex", "libspeex", "nellymoser",
    "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_ms", "adpcm_swf", "pcm_s16le", "pcm_s16be", "pcm_s24le",
    "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw",
    "pcm_bluray", "pcm_dvd",
)
# ffprobe opens a decoder for every stream and gives up on the file when one is refused, so the subtitles that
# lectures carry are named although nothing is rendered from them.
SUBTITLE_DECODERS: tuple[str, ...] = (
    "mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text", "dvdsub", "dvbsub", "pgssub", "cc_dec",
    "libzvbi_teletextdec",  # recordings of television
)

MAX_STREAMS = 64
PROBE_BYTES = 20_000_000  # how far into a file the streams are looked for
ANALYZE_US = 10_000_000  # and how many microseconds of it
_LIVE_PROBE_BYTES = 2_000_000  # what waits to be understood is late
_LIVE_ANALYZE_US = 1_000_000


def input_args(max_pixels: int, *, piped: bool = False) -> tuple[str, ...]:
    """Options to stand before `-i` of ffmpeg, or anywhere before the file of ffprobe.

    `max_pixels` is the largest width x height that a decoder may open. The file itself is always named
    `file:` + path: a bare name that begins with "-" or "http:" would be taken for something else.
    `piped`: it is a live stream on standard input, and no file.
    """
    decoders = VIDEO_DECODERS + AUDIO_DECODERS + SUBTITLE_DECODERS
    return (
        "-protocol_whitelist", "pipe" if piped else "file",
        "-format_whitelist", ",".join(FORMATS),
        "-codec_whitelist", ",".join(decoders),
        "-max_pixels", str(max_pixels),
        "-max_streams", str(MAX_STREAMS),
        "-probesize", str(_LIVE_PROBE_BYTES if piped else PROBE_BYTES),
        "-analyzeduration", str(_LIVE_ANALYZE_US if piped else ANALYZE_US),
    )
