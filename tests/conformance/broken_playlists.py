"""Faults in playlists and captions."""

from __future__ import annotations

from pathlib import Path

from .broken import MASTER, breaks, text
from .model import Model

TOP, LOW, SOUND, CAPTIONS = "{top}/index.m3u8", "{low}/index.m3u8", "{audio}/index.m3u8", "captions/en/index.m3u8"
text("R4", "byte_order_mark", LOW, r"\Z", "#\ufeff\n")
text("R4.1", "media_tag_in_multivariant", MASTER, r"\Z", "#EXT-X-TARGETDURATION:6\n")
text("R4.2", "number_in_quotes", MASTER, r"FRAME-RATE=([\d.]+)", r'FRAME-RATE="\1"')
text("R4.2", "space_behind_comma", MASTER, r"\Z", '#EXT-X-SESSION-KEY:METHOD=NONE\n#EXT-X-KEY:METHOD=NONE, IV="1"\n')
text("R4.4.1.1", "no_extm3u", SOUND, r"\A#EXTM3U\n", "")
text("R4.4.1.2", "version_too_low", TOP, "VERSION:7", "VERSION:3")
text("R4.4.1.2", "version_twice", TOP, r"(#EXT-X-VERSION:7\n)", r"\1\1")
text("R4.4.3.1", "no_target_duration_in_captions", CAPTIONS, "#EXT-X-TARGETDURATION:6\n", "")
text("R4.4.3.4", "no_end", SOUND, "#EXT-X-ENDLIST\n", "")
text("R4.4.4.3", "other_header_without_discontinuity", TOP, r"(#EXTINF:6,\n3\.m4s)",
     r'#EXT-X-MAP:URI="./init.mp4"' + "\n" + r"\1")
text("R4.4.6.1", "name_missing", MASTER, r'NAME="English",', "")
text("R4.4.6.1", "name_twice", MASTER, r"^(#EXT-X-MEDIA:TYPE=SUBTITLES.*)$", r"\1\n\1")
text("R4.4.6.1.1", "wrong_channels", MASTER, 'CHANNELS="2"', 'CHANNELS="6"')
text("R4.4.6.1.2", "three_letters", MASTER, 'LANGUAGE="en"', 'LANGUAGE="eng"')
text("R4.4.6.2", "unknown_group", MASTER, 'SUBTITLES="captions"', 'SUBTITLES="none"')
text("R4.4.6.2.1", "closed_captions_not_ruled_out", MASTER, "CLOSED-CAPTIONS=NONE,", "")
text("8.2", "longer_target_of_sound", SOUND, "DURATION:6", "DURATION:7", 1, ("7.5",))
text("8.6", "no_playlist_type", LOW, "#EXT-X-PLAYLIST-TYPE:VOD\n", "")
text("8.10", "no_language", MASTER, 'LANGUAGE="en",', "")
text("8.13", "discontinuity_in_one", SOUND, r"^(#EXTINF.*\n2\.m4s)", r"#EXT-X-DISCONTINUITY\n\1")
text("8.20", "no_map", LOW, r"#EXT-X-MAP.*\n", "")
text("13.11", "counter_mode", LOW, r"^(#EXTINF.*\n0\.m4s)", r'#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI="k"\n\1')
text("14.3", "short_hold_back", LOW, r"^(#EXTINF.*\n0\.m4s)",
     r"#EXT-X-SERVER-CONTROL:PART-HOLD-BACK=1.0\n#EXT-X-PART-INF:PART-TARGET=0.5\n\1")
text("8.9", "no_audio_group", MASTER, r',AUDIO="audio"', "")
text("9.1", "no_codecs", MASTER, r',CODECS="avc1[^"]*"', "")
text("9.1", "other_level", MASTER, r"avc1\.6400..,mp4a", "avc1.640033,mp4a")
text("9.1", "codec_that_is_not_there", MASTER, r'mp4a\.40\.2"', 'mp4a.40.2,ec-3"')
text("9.2", "no_resolution", MASTER, r"RESOLUTION=\d+x\d+,(FRAME.*\n{low}/)", r"\1")
text("9.2", "wrong_resolution", MASTER, r"RESOLUTION=(\d+)x\d+,(FRAME.*\n{low}/)", r"RESOLUTION=\g<1>x362,\2")
text("9.3", "no_iframe_codecs", MASTER, r"(I-FRAME.*),CODECS=[^,]*", r"\1")
text("9.3", "other_iframe_codecs", MASTER, r'(I-FRAME.*CODECS=")[^"]*', r"\1avc1.4d0033")
text("9.4", "no_iframe_resolution", MASTER, r"(I-FRAME.*),RESOLUTION=[^,]*", r"\1")
text("9.11", "no_independent_segments", MASTER, "#EXT-X-INDEPENDENT-SEGMENTS\n", "")
text("9.14", "no_average", MASTER, r"AVERAGE-BANDWIDTH=\d+,RES(.*FRAME-RATE)", r"RES\1")
text("9.15", "no_frame_rate", MASTER, r",FRAME-RATE=[\d.]+", "")
text("9.19", "one_score", MASTER, r",(FRAME-RATE)", r",SCORE=1.5,\1")
text("1.19", "too_fast", MASTER, r"FRAME-RATE=[\d.]+", "FRAME-RATE=100")
text("1.18", "wrong_frame_rate", MASTER, r"FRAME-RATE=[\d.]+", "FRAME-RATE=24")
text("2.12", "description_not_chosen", MASTER, r"^(#EXT-X-MEDIA:.*TYPE=AUDIO.*)$",
     r'\1\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",LANGUAGE="en",NAME="Described",CHANNELS="2",AUTOSELECT=NO,'
     r'CHARACTERISTICS="public.accessibility.describes-video",URI="aac/index.m3u8"')
text("4.5", "half_marked", MASTER, ",public.accessibility.describes-music-and-sound", "")
text("5.5", "captions_end_early", CAPTIONS, r"#EXTINF:6,\n2\.vtt\n", "")
text("5.11", "forced_not_chosen", MASTER, r"\Z",
     '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",LANGUAGE="en",NAME="Signs",FORCED=YES,AUTOSELECT=NO,'
     'URI="captions/en/index.m3u8"\n')
text("5.2", "no_webvtt", "captions/en/0.vtt", "WEBVTT", "1")
text("5.3", "no_timestamp_map", "captions/en/1.vtt", r"X-TIMESTAMP-MAP.*\n", "")
text("R3.1.4", "cue_in_one_segment_only", "captions/en/1.vtt", r"^00:00:05\.000.*\n.*\n", "")
text("6.1", "no_iframes", MASTER, r"#EXT-X-I-FRAME.*\n", "", 0)
text("6.6", "one_iframe_rate", MASTER, r"#EXT-X-I-FRAME.*\n", "")
text("6.8", "not_iframes_only", "iframe-a/index.m3u8", "#EXT-X-I-FRAMES-ONLY\n", "")
text("6.14", "only_hdr_iframes", MASTER, r"(I-FRAME-STREAM-INF:)", r"\1VIDEO-RANGE=PQ,", 0)


@breaks("R4.2")
def attribute_twice(m: Model, _: Path) -> None:
    m.edit(MASTER, 'NAME="English"', 'NAME="English",NAME="Other"')
    m.edit(MASTER, ',SUBTITLES="captions"', "", -1)
    m.edit_re(MASTER, r"^(#EXT-X-MEDIA:TYPE=SUBTITLES.*)$", "")
    m.edit_re(MASTER, r"\Z", '#EXT-X-SESSION-DATA:DATA-ID="a"\n#EXT-X-KEY:METHOD=NONE,METHOD=NONE\n')


@breaks("R4.4.4.1")
def extinf_moved(m: Model, _: Path) -> None:
    m.edit(f"{m.low}/index.m3u8", "#EXTINF:2,\n0", "#EXTINF:2.2,\n0")
    m.edit(f"{m.low}/index.m3u8", "#EXTINF:2,\n1", "#EXTINF:1.8,\n1")


@breaks("8.1")
def extinf_adds_up_to_more(m: Model, _: Path) -> None:
    m.edit(f"{m.low}/index.m3u8", "#EXTINF:2,", "#EXTINF:2.03,", -1)


@breaks("R4.4.3.1")
def rounds_over_the_target(m: Model, _: Path) -> None:
    m.edit("captions/en/index.m3u8", "#EXTINF:6,\n0", "#EXTINF:6.5,\n0")


@breaks("R6.2.1")
def playlist_missing(m: Model, _: Path) -> None:
    m.edit(MASTER, 'URI="captions/en/', 'URI="captions/fr/')
    m.files["captions/fr/index.m3u8"] = m.files["captions/en/index.m3u8"]


@breaks("R6.2.1")
def iframe_missing(m: Model, _: Path) -> None:
    del m.files["iframe-a/3.m4s"]


@breaks("7.5")
def long_target(m: Model, _: Path) -> None:
    for path in [path for path in m.files if path.endswith("index.m3u8")]:
        m.edit(path, "DURATION:6", "DURATION:7")


def _ranged(m: Model, word: str, count: int) -> None:
    """VIDEO-RANGE, whether or not it is there."""
    m.files[MASTER] = m.files[MASTER].replace(b",VIDEO-RANGE=SDR", b"")
    m.edit_re(MASTER, r",(FRAME-RATE)", rf",VIDEO-RANGE={word},\1", count)


@breaks("9.16")
def hdr_declared(m: Model, _: Path) -> None:
    _ranged(m, "PQ", 1)


@breaks("1.24", "9.16")
def all_hdr(m: Model, _: Path) -> None:
    _ranged(m, "HLG", 0)
