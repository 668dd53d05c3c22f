"""Every wrong file gets a true sentence, whatever it is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.core.errors import Rejected
from ingest.sniff import sniff

ACCEPTED = [
    ("mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"), ("mp4", b"\0\0\0\x08wide\0\0\0\0mdat"),
    ("mp4", b"\0\0\0\x14ftypqt  \0\0\2\0qt  "), ("matroska", b"\x1a\x45\xdf\xa3\x9f\x42\x86"),
    ("flv", b"FLV\1\5\0\0\0\t\0\0\0\0"), ("ogg", b"OggS\0\2" + bytes(20)),
    ("asf", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(8)), ("mpeg", b"\0\0\1\xba\x44\0\4\0"),
    ("avi", b"RIFF\x10\0\0\0AVI LIST"), ("wav", b"RIFF\x10\0\0\0WAVEfmt "), ("wav", b"RF64\xff\xff\xff\xffWAVEds64"),
    ("mpegts", (b"G" + bytes(187)) * 6), ("mpegts", bytes(50) + (b"G" + b"\1" * 187) * 6),
    ("mpegts", (bytes(4) + b"G" + bytes(187)) * 6), ("mp3", b"ID3\4\0\0\0\0\0\0"), ("mp3", b"\xff\xfb\x90\x64" + bytes(9)),
    ("aac", b"\xff\xf1\x50\x80\x02\x1f\xfc"), ("flac", b"fLaC\0\0\0\x22"),
]
REFUSED = [
    (b"\x89PNG\r\n\x1a\n" + bytes(30), "unsupported_container", "a picture (PNG)"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "unsupported_container", "a picture (JPEG)"),
    (b"RIFF\x10\0\0\0WEBPVP8 ", "unsupported_container", "a picture (WebP)"),
    (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "unsupported_container", "a picture (HEIC"),
    (b"%PDF-1.7\n", "unsupported_container", "a PDF document"),
    (b"PK\3\4\x14\0\6\0", "unsupported_container", "a ZIP archive or an Office document"),
    (bytes(257) + b"ustar\0" + bytes(99), "unsupported_container", "a TAR archive"),
    (b"\x7fELF\2\1\1", "unsupported_container", "a program"),
    (b"#EXTM3U\n#EXTINF:9,\nfile:/etc/passwd\n", "unsupported_container", "a playlist (M3U8)"),
    (b"\xef\xbb\xbf\r\n#EXTM3U\n", "unsupported_container", "a playlist (M3U8)"),
    (b"ffconcat version 1.0\nfile other.mp4\n", "unsupported_container", "a list of files (ffconcat)"),
    (b"<?xml version='1.0'?>\n<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'/>", "unsupported_container", "DASH manifest"),
    (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n", "unsupported_container", "SDP"),
    (b"<!DOCTYPE html><title>Sign in</title>", "unsupported_container", "a web page"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_container", "a drawing"),
    (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "unsupported_container", "a caption file (WebVTT)"),
    (b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "unsupported_container", "a caption file (SRT)"),
    (b"this is no video at all", "unsupported_container", "a text file"),
    ("Grüße aus dem Hörsaal".encode("utf-16"), "unsupported_container", "a text file"),
    (bytes(1000), "damaged", "nothing but zeros"),
    (b"\x8a", "damaged", "only 1 bytes"),
    (b"\x8a\x93\xfe\x01" * 40, "unsupported_container", "not a video or audio file"),
]


@pytest.mark.parametrize(("kind", "head"), ACCEPTED)
def test_containers_are_known_by_their_first_bytes(kind: str, head: bytes) -> None:
    assert sniff(head, 1_000_000) == kind


@pytest.mark.parametrize(("head", "code", "words"), REFUSED)
def test_everything_else_is_called_by_its_name(head: bytes, code: str, words: str) -> None:
    with pytest.raises(Rejected) as refused:
        sniff(head, len(head))
    assert refused.value.code == code
    assert words in refused.value.message


def test_an_empty_file_has_a_code_of_its_own() -> None:
    with pytest.raises(Rejected) as refused:
        sniff(b"", 0)
    assert refused.value.code == "empty_file"


@given(st.binary(max_size=600))
def test_any_bytes_are_a_kind_or_a_sentence(head: bytes) -> None:
    try:
        assert sniff(head, len(head))
    except Rejected as refused:
        assert refused.message.endswith(".")
