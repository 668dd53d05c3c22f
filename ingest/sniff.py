"""What a file is, by its first bytes: the name and the type that a browser sends prove nothing.

Only containers that can hold a recording go on to the probe; everything else gets its own sentence, because
"unsupported format" helps nobody who uploaded the wrong thing.
"""

from __future__ import annotations

import re
from pathlib import Path

from infra.core.errors import Rejected

HEAD_BYTES = 64 << 10  # enough for every test below
ACCEPTED = "Accepted are MP4, MOV, MKV, WebM, AVI, FLV, WMV, MPEG and Ogg video, and MP3, M4A, WAV, FLAC and Ogg sound"

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MP4_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"sidx", b"moof"))
_PICTURE_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1", b"avif", b"avis", b"crx ")

# First bytes, and what such a file is called in the sentence.
_REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"), (b"\xff\xd8\xff", "a picture (JPEG)"), (b"GIF8", "a picture (GIF)"),
    (b"BM", "a picture (BMP)"), (b"II*\0", "a picture (TIFF)"), (b"MM\0*", "a picture (TIFF)"),
    (b"8BPS", "a picture (Photoshop)"), (b"%PDF", "a PDF document"),
    (b"PK\3\4", "a ZIP archive or an Office document"), (b"PK\5\6", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"), (b"Rar!\x1a\7", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"\x1f\x8b", "a gzip archive"), (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x7fELF", "a program"), (b"MZ", "a program"), (b"MThd", "a MIDI score"), (b"SQLite format 3", "a database"),
    (b"{\\rtf", "a text document (RTF)"),
)
# Beginnings of text files, in lower case.
_REFUSED_TEXT: tuple[tuple[str, str], ...] = (
    ("#extm3u", "a playlist (M3U8), not the video it points to"),
    ("ffconcat version", "a list of files (ffconcat), not a video"),
    ("v=0", "a session description (SDP), not a recording"),
    ("[playlist]", "a playlist (PLS), not the video it points to"),
    ("[reference]", "a playlist (ASX), not the video it points to"),
    ("<asx", "a playlist (ASX), not the video it points to"),
    ("webvtt", "a caption file (WebVTT); add it to a video instead"),
    ("rtsptext", "a stream address, not a recording"),
)
_TEXT = re.compile(r"[\t\n\r\f\x1b\x20-\x7e\x80-\U0010ffff]*")


def sniff(head: bytes, size_bytes: int) -> str:
    """The kind of container: mp4, matroska, mpegts, mpeg, flv, avi, asf, ogg, wav, mp3, aac or flac.

    `head` is the beginning of the file (HEAD_BYTES of it), `size_bytes` its whole size. Says nothing of whether
    the rest is sound. Raises Rejected: `empty_file`, `damaged`, `unsupported_container`.
    """
    if size_bytes == 0 or not head:
        raise Rejected("empty_file", "The file is empty: it has 0 bytes. Choose the file again.")
    kind = _container(head)
    if kind:
        return kind
    raise _refusal(head, size_bytes)


def check(path: Path) -> str:
    """`sniff` for a file."""
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES), path.stat().st_size)


def _container(head: bytes) -> str:
    form = head[8:12]
    if head[4:8] in _MP4_BOXES and form not in _PICTURE_BRANDS:
        return "mp4"
    for magic, kind in ((b"\x1a\x45\xdf\xa3", "matroska"), (b"FLV\1", "flv"), (b"OggS", "ogg"), (_ASF, "asf"),
                        (b"\0\0\1\xba", "mpeg"), (b"fLaC", "flac"), (b"ID3", "mp3")):
        if head.startswith(magic):
            return kind
    if head[:4] in (b"RIFF", b"RF64"):
        return {b"AVI ": "avi", b"WAVE": "wav"}.get(form, "")
    if _is_transport_stream(head):
        return "mpegts"
    if len(head) > 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        layer = head[1] >> 1 & 3
        if head[1] & 0xF6 == 0xF0:  # ADTS
            return "aac"
        # Layer I is not accepted: nobody uses it, and a UTF-16 text begins with the same bits.
        if layer in (1, 2) and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3:
            return "mp3"
    return ""


def _is_transport_stream(head: bytes) -> bool:
    """Five sync bytes one packet apart; a recorder may have begun in the middle of a packet."""
    for packet in (188, 192, 204):
        for at in range(min(packet, len(head))):
            if head[at:at + 5 * packet:packet] == b"GGGGG":
                return True
    return False


def _refusal(head: bytes, size_bytes: int) -> Rejected:
    what = next((name for magic, name in _REFUSED if head.startswith(magic)), "")
    if not what and head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        what = "a picture (WebP)"
    if not what and head[4:8] == b"ftyp":
        what = "a picture (HEIC, AVIF or raw)"
    if not what and head[257:262] == b"ustar":
        what = "a TAR archive"
    what = what or _text(head)
    if what:
        return Rejected("unsupported_container", f"This is {what}. {ACCEPTED}.")
    if not any(head):
        return Rejected("damaged", "The file begins with nothing but zeros: it was not copied completely. "
                                   "Copy it from the camera or the recorder again.")
    if size_bytes < 16:
        return Rejected("damaged", f"The file has only {size_bytes} bytes: no recording is that small. "
                                   "Copy it from the camera or the recorder again.")
    return Rejected("unsupported_container", f"This is not a video or audio file that Lectern knows. {ACCEPTED}.")


def _text(head: bytes) -> str:
    """What kind of text this is; empty when it is none."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "a text file"
    text = head[:4096].decode("utf-8-sig", errors="ignore")
    # A little may be lost where the beginning ends in the middle of a character.
    if not text or len(text.encode()) < len(head[:4096]) - 8 or not _TEXT.fullmatch(text):
        return ""
    start = text.lstrip().lower()
    for beginning, name in _REFUSED_TEXT:
        if start.startswith(beginning):
            return name
    if "<mpd" in start:
        return "a DASH manifest (MPD), not the video it points to"
    if "<svg" in start:
        return "a drawing (SVG)"
    if start.startswith(("<!doctype html", "<html", "<head")):
        return "a web page: the link that you saved leads to a page, not to the file"
    if "-->" in start:
        return "a caption file (SRT); add it to a video instead"
    return "a text file"
