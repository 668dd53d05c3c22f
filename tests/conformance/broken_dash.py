"""Faults in the manifest, and in what both manifests have in common."""

from __future__ import annotations

from pathlib import Path

from . import isobmff
from .broken import MASTER, breaks, text
from .model import Model

MPD = "manifest.mpd"
text("D1", "no_min_buffer", MPD, r' minBufferTime="[^"]*"', "")
text("D1", "no_bandwidth", MPD, r'(id="{low}"[^>]*) bandwidth="\d+"', r"\1")
text("D2", "id_twice", MPD, r'( *<Representation id="{low}".*\n)', r"\1\1")
text("D4", "other_codecs", MPD, r'(id="{low}"[^>]*codecs=")[^"]*', r"\1avc1.4d401e", 1, ("X2",))
text("D4", "no_codecs", MPD, r'(id="vp9-[^>]*) codecs="[^"]*"', r"\1", 1, ("X1",))
text("D8", "no_alignment", MPD, 'segmentAlignment="true"', 'segmentAlignment="false"')
text("D9", "no_sap", MPD, ' startWithSAP="1"', "")
text("D10", "bandwidth_too_low", MPD, r'(id="{low}"[^>]*bandwidth=")\d+', r"\g<1>30000")
text("D10", "buffer_too_small", MPD, r'minBufferTime="[^"]*"', 'minBufferTime="PT0.1S"')
text("D11", "other_size", MPD, r'(id="{low}"[^>]*height=")\d+', r"\g<1>362")
text("D11", "other_frame_rate", MPD, r'(id="{low}"[^>]*frameRate=")[^"]*', r"\g<1>24")
text("D12", "other_sampling_rate", MPD, r'audioSamplingRate="\d+"', 'audioSamplingRate="44100"')
text("D12", "other_channels", MPD, r'(audio_channel_configuration:2011" value=")\d', r"\g<1>6")
text("D13", "too_long", MPD, r'mediaPresentationDuration="[^"]*"', 'mediaPresentationDuration="PT0H0M19S"')
text("D14", "other_mime_type", MPD, 'mimeType="audio/mp4"', 'mimeType="video/mp4"')
text("X3", "other_extinf", "{low}/index.m3u8", "#EXTINF:2,", "#EXTINF:2.1,")
text("X2", "codecs_of_hls", MASTER, r"avc1\.\w+(.*\n{low}/)", r"avc1.4d401e\1")
text("X4", "other_language", MPD, 'lang="en"', 'lang="fr"')


@breaks("D1")
def no_manifest(m: Model, _: Path) -> None:
    m.files["manifest.mpd"] = b"<MPD>"


@breaks("D3", "C3")
def two_codecs_in_a_set(m: Model, _: Path) -> None:
    text = m.files[MPD].decode().splitlines(keepends=True)
    av1 = next(i for i, line in enumerate(text) if '<Representation id="av1-' in line)
    low = next(i for i, line in enumerate(text) if f'<Representation id="{m.low}"' in line)
    start = max(i for i in range(av1) if "<AdaptationSet" in text[i])
    end = next(i for i in range(av1, len(text)) if "</AdaptationSet>" in text[i])
    text[low] += "".join(line.split("</AdaptationSet>")[0].rstrip() + "\n" for line in text[av1:end + 1]
                         if "<Representation" in line)
    m.files[MPD] = "".join(line for i, line in enumerate(text) if not start <= i <= end).encode()


@breaks("D5", "X1", "D13")
def one_segment_more(m: Model, _: Path) -> None:
    m.edit_re(MPD, r'(contentType="audio"(?:.|\n)*?)(\s*</SegmentTimeline>)', r'\1<S d="1024" />\2')


@breaks("D6", "X3")
def time_line_off(m: Model, _: Path) -> None:
    m.edit_re(MPD, r'<S t="0" d="96256" r="1" />', '<S t="0" d="97280" /><S d="95232" />')


@breaks("D7", "D6")
def not_aligned(m: Model, _: Path) -> None:
    """A whole rendition a frame late: its own line is unbroken."""
    for k in range(5):
        path = f"{m.low}/{k}.m4s"
        tfdt = m.box(path, "moof", "traf", "tfdt")
        width = 8 if tfdt.version else 4
        at = int.from_bytes(tfdt.body[4:4 + width], "big")
        m.put(path, tfdt.start + 4, (at + 400).to_bytes(width, "big"))


@breaks("C1")
def no_cmaf_brand(m: Model, _: Path) -> None:
    m.bytes(f"{m.low}/init.mp4", b"cmfc", b"isom")


@breaks("C2")
def shown_late(m: Model, _: Path) -> None:
    """Sound has no order of its own: all its packets a tick later by their composition offsets, as an encoder's delay."""
    path = f"{m.audio}/1.m4s"
    data = m.files[path]
    trun, traf, moof = m.box(path, "moof", "traf", "trun"), m.box(path, "moof", "traf"), m.box(path, "moof")
    count = trun.unpack(">I", 4)[0]
    offset = trun.unpack(">i", 8)[0]
    grown = 4 * count
    sizes = trun.body[12:]
    body = (bytes((0,)) + (trun.flags | 0x800).to_bytes(3, "big") + count.to_bytes(4, "big")
            + (offset + grown).to_bytes(4, "big")
            + b"".join(sizes[4 * i:4 * i + 4] + (90).to_bytes(4, "big") for i in range(count)))
    new = (len(body) + 8).to_bytes(4, "big") + b"trun" + body
    data = data[:trun.at] + new + data[trun.end:]
    for box in (moof, traf):
        data = data[:box.at] + (box.end - box.at + grown).to_bytes(4, "big") + data[box.at + 4:]
    m.files[path] = data


@breaks("C3", "D6", "D7", "D11")
def other_time_scale(m: Model, _: Path) -> None:
    path = f"{m.low}/init.mp4"
    mdhd = m.box(path, "moov", "trak", "mdia", "mdhd")
    m.put(path, mdhd.start + 12, (9_999).to_bytes(4, "big"))


@breaks("C4")
def numbers_fall(m: Model, _: Path) -> None:
    path = f"{m.low}/3.m4s"
    m.put(path, m.box(path, "moof", "mfhd").start + 4, (1).to_bytes(4, "big"))


@breaks("C5")
def edit_list(m: Model, _: Path) -> None:
    path = f"{m.low}/init.mp4"
    data = m.files[path]
    trak, moov = m.box(path, "moov", "trak"), m.box(path, "moov")
    new = bytes((0, 0, 0, 36)) + b"edts" + bytes((0, 0, 0, 28)) + b"elst" + bytes(7) + b"\1" + bytes(12)
    data = data[:trak.end] + new + data[trak.end:]
    for box in (moov, trak):
        data = data[:box.at] + (box.end - box.at + len(new)).to_bytes(4, "big") + data[box.at + 4:]
    m.files[path] = data


@breaks("X1")
def rendition_in_hls_only(m: Model, _: Path) -> None:
    m.edit_re(MPD, rf' *<Representation id="{m.low}".*\n', "")


@breaks("D9")
def leading_picture(m: Model, _: Path) -> None:
    """The second picture is shown before the key frame."""
    path = f"{m.low}/2.m4s"
    track = isobmff.read_init(m.files[f"{m.low}/init.mp4"]).tracks[0]
    segment = isobmff.read_segment(m.files[path], track)
    at = segment.samples[0].at
    while m.files[path][at + 4] & 31 != 5:
        at += 4 + int.from_bytes(m.files[path][at:at + 4], "big")
    m.put(path, at + 4, bytes((m.files[path][at + 4] & 0xE0 | 1,)))
