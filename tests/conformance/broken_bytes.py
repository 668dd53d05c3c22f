"""Faults in headers and segments, and in what the multivariant playlist says of them."""

from __future__ import annotations

import re
from pathlib import Path

from . import isobmff
from .bitstream import codecs
from .broken import MASTER, breaks
from .model import Model, run, with_brand


@breaks("R4.4.4.5")
def header_holds_samples(m: Model, _: Path) -> None:
    path = f"{m.low}/init.mp4"
    stsz = m.box(path, "moov", "trak", "mdia", "minf", "stbl", "stsz")
    m.put(path, stsz.start + 8, (1).to_bytes(4, "big"))


@breaks("R4.4.4.5")
def header_not_fragmented(m: Model, _: Path) -> None:
    path = f"{m.low}/init.mp4"
    m.put(path, m.box(path, "moov", "mvex").at + 4, b"free")


@breaks("R3.1.2")
def segment_cut_off(m: Model, _: Path) -> None:
    m.files[f"{m.low}/1.m4s"] = m.files[f"{m.low}/1.m4s"][:-100]


@breaks("R3.1.2")
def other_track(m: Model, _: Path) -> None:
    path = f"{m.low}/1.m4s"
    m.put(path, m.box(path, "moof", "traf", "tfhd").start + 4, (7).to_bytes(4, "big"))


@breaks("7.1")
def decode_time_jumps(m: Model, _: Path) -> None:
    path = f"{m.low}/2.m4s"
    tfdt = m.box(path, "moof", "traf", "tfdt")
    width = 8 if tfdt.version else 4
    at = int.from_bytes(tfdt.body[4:4 + width], "big")
    m.put(path, tfdt.start + 4, (at + 1).to_bytes(width, "big"))


@breaks("8.7")
def sound_starts_later(m: Model, _: Path) -> None:
    for path in [path for path in m.files if path.startswith(f"{m.audio}/") and path.endswith(".m4s")]:
        tfdt = m.box(path, "moof", "traf", "tfdt")
        at = int.from_bytes(tfdt.body[4:12], "big")
        m.put(path, tfdt.start + 4, (at + 48_000).to_bytes(8, "big"))


@breaks("8.3")
def sound_ends_early(m: Model, _: Path) -> None:
    m.edit_re(f"{m.audio}/index.m3u8", r"^#EXTINF.*\n4\.m4s\n", "")


@breaks("7.4")
def not_an_idr_picture(m: Model, _: Path) -> None:
    _renamed_nal(m, f"{m.low}/2.m4s", m.low)


def _renamed_nal(m: Model, path: str, folder: str) -> None:
    track = isobmff.read_init(m.files[f"{folder}/init.mp4"]).tracks[0]
    segment = isobmff.read_segment(m.files[path], track)
    at, first = segment.samples[0].at, segment.samples[0]
    while at < first.at + first.size:
        if m.files[path][at + 4] & 31 == 5:
            m.put(path, at + 4, bytes((m.files[path][at + 4] & 0xE0 | 1,)))
        at += 4 + int.from_bytes(m.files[path][at:at + 4], "big")


@breaks("7.4")
def not_marked_as_sync(m: Model, _: Path) -> None:
    path = f"{m.low}/0.m4s"
    trun = m.box(path, "moof", "traf", "trun")
    m.bytes(path, b"\x02\x00\x00\x00", b"\x01\x01\x00\x00") if trun.flags & 0x4 else m.put(path, trun.start, b"")


@breaks("7.7", "R4.4.3.1")
def two_segments_in_one(m: Model, _: Path) -> None:
    _joined(m, 3, 4)


def _joined(m: Model, k: int, last: int) -> None:
    lines = m.files[f"{m.low}/index.m3u8"].decode().splitlines()
    a, b = lines.index(f"{k}.m4s"), lines.index(f"{last}.m4s")
    length = float(lines[a - 1][8:-1]) + float(lines[b - 1][8:-1])
    m.files[f"{m.low}/{k}.m4s"] += m.files[f"{m.low}/{last}.m4s"]
    lines[a - 1] = f"#EXTINF:{length:g},"
    del lines[b - 1:b + 1]
    m.files[f"{m.low}/index.m3u8"] = ("\n".join(lines) + "\n").encode()


@breaks("8.22")
def other_boundaries(m: Model, _: Path) -> None:
    _joined(m, 0, 1)


@breaks("1.1")
def vp9_in_hls(m: Model, _: Path) -> None:
    name = next(path.split("/")[0] for path in m.files if path.startswith("vp9-"))
    m.edit(MASTER, f"{m.low}/index.m3u8", f"{name}/index.m3u8")
    m.edit_re(MASTER, r"RESOLUTION=[^,]*(.*\n" + name + ")", resolution(m) + r"\1")
    m.edit_re(MASTER, r"avc1\.\w+(.*\n" + name + ")", r"vp09.00.30.08\1")
    m.edit_re(MASTER, r"vp09[\w.]+", _vp9(m, name))
    m.declare()


def resolution(m: Model) -> str:
    return next(part for part in m.line(m.top).split(",") if part.startswith("RESOLUTION"))


def _vp9(m: Model, name: str) -> str:
    return codecs(isobmff.read_init(m.files[f"{name}/init.mp4"]).tracks[0])


@breaks("1.12")
def no_h264(m: Model, _: Path) -> None:
    name = next(path.split("/")[0] for path in m.files if path.startswith("av1-"))
    m.files["av1-copy/index.m3u8"] = m.files[f"{name}/index.m3u8"].replace(b"\ninit", b"\nx")
    for path in [path for path in m.files if path.startswith(f"{name}/")]:
        m.files[path.replace(name, "av1-copy", 1)] = m.files[path]
    line = m.line(name)
    keep = [text for text in m.files[MASTER].decode().splitlines() if text.startswith("#") and "STREAM-INF:" not in text]
    frames = [text for text in m.files[MASTER].decode().splitlines() if "I-FRAME-STREAM-INF" in text]
    more = line.replace("AVERAGE-BANDWIDTH=", "AVERAGE-BANDWIDTH=0").replace(
        "BANDWIDTH=1", "BANDWIDTH=01", 1)
    m.files[MASTER] = "\n".join([*keep, line, f"{name}/index.m3u8", more, "av1-copy/index.m3u8", *frames, ""]).encode()


@breaks("1.37")
def av1_level_too_high(m: Model, _: Path) -> None:
    path = next(path for path in m.files if path.startswith("av1-") and path.endswith("init.mp4"))
    at = m.files[path].index(b"av1C") + 5
    m.put(path, at, bytes((m.files[path][at] & 0xE0 | 19,)))
    m.edit_re(MASTER, rf"av01\.0\.\d\d(.*\n{path.split('/')[0]}/)", r"av01.0.19\1")


@breaks("1.39", "R3.1.2")
def av1_in_a_transport_stream(m: Model, _: Path) -> None:
    path = next(path for path in m.files if path.startswith("av1-") and path.endswith("/1.m4s"))
    m.files[path] = (b"G" + bytes(187)) * 10


@breaks("1.3b")
def high_10_profile(m: Model, _: Path) -> None:
    _profile(m, m.low, 110, None)


@breaks("1.4")
def main_profile(m: Model, work: Path) -> None:
    _other_header(m, work, "-profile:v", "main")


@breaks("1.3a", "1.11")
def all_levels_high(m: Model, _: Path) -> None:
    for name in (m.top, m.low):
        _profile(m, name, 100, 51)


@breaks("1.11")
def level_too_high(m: Model, _: Path) -> None:
    _profile(m, m.low, 100, 40)


def _profile(m: Model, name: str, profile: int, level: int | None) -> None:
    """Other bytes in avcC, in the parameter set, and in CODECS."""
    path = f"{name}/init.mp4"
    at = m.files[path].index(b"avcC") + 5
    old = m.files[path][at:at + 3]
    new = bytes((profile, old[1], level or old[2]))
    m.bytes(path, old, new)
    m.edit_re(MASTER, rf"avc1\.{old.hex()}(.*\n{name}/)", rf"avc1.{new.hex()}\1")


def _other_header(m: Model, work: Path, *options: str, size: str | None = None) -> None:
    """The header of another encode for the smallest rendition, and the manifest to match."""
    track = isobmff.read_init(m.files[f"{m.low}/init.mp4"]).tracks[0]
    size = size or f"{track.width_px:.0f}x{track.height_px:.0f}"
    path = work / "header.mp4"
    run("-f", "lavfi", "-i", f"testsrc=size={size}:rate=25:duration=0.2", "-c:v", "libx264", "-pix_fmt", "yuv420p",
        "-level", "3", *options, "-video_track_timescale", str(track.timescale), "-movflags",
        "+frag_keyframe+empty_moov+default_base_moof", "-use_editlist", "0", path)
    data = path.read_bytes()
    m.files[f"{m.low}/init.mp4"] = with_brand(data[:next(
        box.at for box in isobmff.parse(data).children if box.kind == "moof")])
    real = codecs(isobmff.read_init(m.files[f"{m.low}/init.mp4"]).tracks[0])
    m.edit_re(MASTER, rf"avc1\.\w+(.*\n{m.low}/)", rf"{real}\1")
    m.edit_re(MASTER, rf"RESOLUTION=\d+x\d+(.*\n{m.low}/)", rf"RESOLUTION={size}\1")


@breaks("1.14")
def interlaced(m: Model, work: Path) -> None:
    _other_header(m, work, "-flags", "+ildct+ilme", "-x264-params", "tff=1", "-profile:v", "high")


@breaks("1.33")
def other_shape(m: Model, work: Path) -> None:
    _other_header(m, work, "-profile:v", "high", size="640x480")


@breaks("1.10")
def parameter_sets_in_band(m: Model, _: Path) -> None:
    m.bytes(f"{m.low}/init.mp4", b"avc1", b"avc3") if b"iso6avc1" not in m.files[f"{m.low}/init.mp4"] else None
    m.edit_re(MASTER, rf"avc1\.(.*\n{m.low}/)", r"avc3.\1")


@breaks("1.26")
def average_too_high(m: Model, _: Path) -> None:
    _scaled(m, "AVERAGE-BANDWIDTH", 1.3)


@breaks("1.27")
def peak_too_high(m: Model, _: Path) -> None:
    _scaled(m, "(?<![A-Z-])BANDWIDTH", 1.3)


@breaks("9.13")
def peak_too_low(m: Model, _: Path) -> None:
    _scaled(m, "(?<![A-Z-])BANDWIDTH", 0.95)


def _scaled(m: Model, name: str, factor: float) -> None:
    old = m.line(m.low)
    new = re.sub(rf"({name}=)(\d+)", lambda found: f"{found[1]}{round(int(found[2]) * factor)}", old)
    m.edit(MASTER, f"{old}\n{m.low}/", f"{new}\n{m.low}/")


def padded(m: Model, folder: str, k: int, size: int) -> None:
    """A free box of `size` bytes behind a segment."""
    m.files[f"{folder}/{k}.m4s"] += size.to_bytes(4, "big") + b"free" + bytes(size - 8)


@breaks("1.30")
def one_segment_bursts(m: Model, _: Path) -> None:
    padded(m, m.low, 3, 560_000)
    m.declare()


@breaks("1.32")
def not_the_nearest_to_2_mbit(m: Model, _: Path) -> None:
    padded(m, m.low, 3, 700_000)
    padded(m, m.low, 4, 700_000)
    for k in range(3):
        padded(m, m.low, k, 250_000)
    m.declare()


@breaks("9.9")
def one_bit_rate(m: Model, _: Path) -> None:
    m.edit_re(MASTER, rf"^#EXT-X-STREAM-INF.*\n{m.low}/.*\n", "")
    m.edit_re(MASTER, r"^#EXT-X-STREAM-INF.*\nav1-.*\n", "", 0)
    old = m.files[MASTER].decode()
    line = m.line(m.top)
    m.files[MASTER] = old.replace(line, f"{line}\n{m.top}/index.m3u8\n{line}").encode()


@breaks("9.10")
def one_at_the_top(m: Model, _: Path) -> None:
    m.edit_re(MASTER, r"^#EXT-X-STREAM-INF.*\nav1-.*\n", "", 0)
