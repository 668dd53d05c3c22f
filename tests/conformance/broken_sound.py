"""Faults in the sound and in the I-frames."""

from __future__ import annotations

from pathlib import Path

from . import isobmff
from .bitstream import codecs
from .broken import MASTER, breaks
from .broken_bytes import padded, resolution
from .model import Model


@breaks("9.5")
def sound_inside_video(m: Model, _: Path) -> None:
    _second_track(m, f"{m.low}/init.mp4")


@breaks("2.17")
def two_sounds(m: Model, _: Path) -> None:
    _second_track(m, f"{m.audio}/init.mp4")


def _second_track(m: Model, path: str) -> None:
    trak, moov = m.box(path, "moov", "trak"), m.box(path, "moov")
    data = m.files[path][:trak.end] + m.files[path][trak.at:]
    size = moov.end - moov.at + trak.end - trak.at
    m.files[path] = data[:moov.at] + size.to_bytes(4, "big") + data[moov.at + 4:]


@breaks("2.3")
def mono(m: Model, _: Path) -> None:
    _aac(m, 2, 1)
    m.edit(MASTER, 'CHANNELS="2"', 'CHANNELS="1"')


@breaks("2.4")
def he_aac(m: Model, _: Path) -> None:
    _aac(m, 5, 2)
    m.edit(MASTER, "mp4a.40.2", "mp4a.40.5", -1)


def _aac(m: Model, kind: int, channels: int) -> None:
    """Another AudioSpecificConfig: audio object type and channels."""
    path = f"{m.audio}/init.mp4"
    data = m.files[path]
    at = next(at + 2 for at in range(data.index(b"esds"), len(data))  # tag 5, its length, AAC-LC
              if data[at] == 5 and data[at + 1] in (2, 5) and data[at + 2] >> 3 == 2)
    config = int.from_bytes(m.files[path][at:at + 2], "big")
    config = config & 0x07FF | kind << 11
    m.put(path, at, (config & ~0x78 | channels << 3).to_bytes(2, "big"))


@breaks("2.9")
def sound_too_large(m: Model, _: Path) -> None:
    for k, seconds in enumerate((2, 2, 2, 6, 6)):
        padded(m, m.audio, k, 12_000 * seconds)
    m.declare()


@breaks("2.18")
def no_loudness(m: Model, _: Path) -> None:
    m.bytes(f"{m.audio}/init.mp4", b"ludt", b"free")


@breaks("6.2")
def sparse_iframes(m: Model, _: Path) -> None:
    text = m.files["iframe-a/index.m3u8"].decode()
    lines = [text for text in text.splitlines() if not text.startswith("#EXTINF")]
    kept = [f"#EXTINF:3,\n{line}" if line[0] != "#" else line for line in lines
            if line[0] == "#" or int(line.split(".")[0]) % 3 == 0]
    m.files["iframe-a/index.m3u8"] = ("\n".join(kept) + "\n").encode()


@breaks("6.5")
def iframes_too_large(m: Model, _: Path) -> None:
    m.edit_re(MASTER, r"(I-FRAME-STREAM-INF:.*RESOLUTION=)160x90", r"\g<1>" + resolution(m)[11:])
    for name in ("init.mp4", *(f"{k}.m4s" for k in range(18))):
        m.files[f"iframe-a/{name}"] = m.files.get(f"iframe-a/{name}", b"")
    path = "iframe-a/init.mp4"
    top = isobmff.read_init(m.files[f"{m.top}/init.mp4"]).tracks[0]
    m.files[path] = m.files[f"{m.top}/init.mp4"]
    for k in range(18):
        m.files[f"iframe-a/{k}.m4s"] = m.files[f"{m.top}/0.m4s"]
    m.edit_re(MASTER, r'(I-FRAME-STREAM-INF:.*CODECS=")[^"]*(",URI="iframe-a)', rf"\g<1>{codecs(top)}\2")


@breaks("6.10")
def range_ends_early(m: Model, _: Path) -> None:
    m.edit("iframe-a/index.m3u8", "2.m4s", "#EXT-X-BYTERANGE:300@0\n2.m4s")


@breaks("6.10")
def range_without_moof(m: Model, _: Path) -> None:
    at = m.box("iframe-a/2.m4s", "mdat").at
    m.edit("iframe-a/index.m3u8", "2.m4s", f"#EXT-X-BYTERANGE:9999@{at}\n2.m4s")
