"""A package that keeps every rule there is: what Lectern made, and what it does not make (yet) put beside it.

It is what the broken packages are made of, so each of them differs from it by one fault.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.runtime.offline import process
from infra.tools import find_tools

from . import isobmff
from .manifest import of
from .package import Memory, Package, Rendition, peak_bps
from .rules_video import measured

RATE = 25
# Loudness (14496-12, 12.2.7): no sample peak, one measurement: programme loudness of -16 LUFS by BS.1770, verified.
_TLOU = bytes((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 167, 0x23))
_TLOU_BOX = (len(_TLOU) + 8).to_bytes(4, "big") + b"tlou" + _TLOU
LUDT = (len(_TLOU_BOX) + 8).to_bytes(4, "big") + b"ludt" + _TLOU_BOX


def ffmpeg() -> str:
    return str(find_tools(Settings()).ffmpeg)


def run(*args: str | Path) -> None:
    """ffmpeg; its errors fail the test."""
    subprocess.run([ffmpeg(), "-v", "error", "-y", *map(str, args)], check=True, stdin=subprocess.DEVNULL, timeout=200)


def source(path: Path, seconds: float = 18, size: str = "854x480") -> Path:
    """A clip with stereo sound, whose pictures change evenly, so that its rates do as well."""
    run("-f", "lavfi", "-i", f"testsrc=size={size}:rate={RATE}:duration={seconds}", "-f", "lavfi", "-i",
        f"aevalsrc=0.2*sin(2*PI*t*440)|0.2*sin(2*PI*t*330):s=48000:d={seconds}", "-c:v", "libx264", "-preset",
        "veryfast", "-crf", "30", "-g", "250", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k",
        "-metadata:s:a:0", "language=eng", path)
    return path


def made(file: Path, out: Path) -> Path:
    """What `lectern process FILE --out OUT` writes."""
    settings = Settings()
    runner = ProcessRunner(settings)
    process(file, out, "A lecture", settings, find_tools(settings, runner), runner, lambda progress: None)
    return out


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.suffix in (".m3u8", ".mpd", ".mp4", ".m4s", ".vtt", ".jpg")}


@dataclass
class Model:
    """Files in memory. `top` and `low` are the folders of the largest and the smallest H.264 rendition."""

    files: dict[str, bytes]
    top: str
    low: str
    audio: str

    def copy(self) -> Model:
        return Model(dict(self.files), self.top, self.low, self.audio)

    @property
    def package(self) -> Package:
        return Package(Memory(self.files))

    def edit(self, path: str, old: str, new: str, count: int = 1) -> None:
        """Replace text of a playlist; it has to be there. count -1: everywhere."""
        text = self.files[path].decode()
        assert old in text, f"no {old!r} in {path}:\n{text}"
        self.files[path] = text.replace(old, new, count).encode()

    def edit_re(self, path: str, old: str, new: str, count: int = 1) -> None:
        """The same by a regular expression. count 0: everywhere."""
        text, times = re.subn(old, new, self.files[path].decode(), count=count, flags=re.M)
        assert times, f"no {old!r} in {path}"
        self.files[path] = text.encode()

    def bytes(self, path: str, old: bytes, new: bytes) -> None:
        """Replace bytes everywhere; they have to be there."""
        assert old in self.files[path], f"no {old!r} in {path}"
        self.files[path] = self.files[path].replace(old, new)

    def box(self, path: str, *kinds: str) -> isobmff.Node:
        return isobmff.parse(self.files[path]).one(*kinds)

    def put(self, path: str, at: int, new: bytes) -> None:
        """Overwrite bytes."""
        data = self.files[path]
        self.files[path] = data[:at] + new + data[at + len(new):]

    def line(self, folder: str) -> str:
        """The EXT-X-STREAM-INF line of a rendition."""
        lines = self.files["master.m3u8"].decode().splitlines()
        return lines[lines.index(f"{folder}/index.m3u8") - 1]

    def declare(self) -> None:
        """Write measured bandwidths into both manifests."""
        package = self.package
        for variant in package.variants:
            rates = measured(package, variant)
            assert rates, variant.rendition.uri
            folder = variant.rendition.uri.split("/")[0]
            line = self.line(folder)
            new = re.sub(r"(?<![A-Z-])BANDWIDTH=\d+", f"BANDWIDTH={round(rates[1] * 1.02)}", line)
            new = re.sub(r"AVERAGE-BANDWIDTH=\d+", f"AVERAGE-BANDWIDTH={round(rates[0])}", new)
            self.edit("master.m3u8", f"{line}\n{folder}/", f"{new}\n{folder}/")
        for one in of(package).representations:
            assert one.track is not None
            pieces = [(len(segment.data) * 8, Fraction(segment.duration, one.track.timescale))
                      for segment in one.segments]
            peak = max([peak_bps(pieces, 6), *(float(bits / time) for bits, time in pieces)])
            self.edit_re("manifest.mpd", rf'(id="{one.id}"[^>]*bandwidth=")\d+', rf"\g<1>{round(peak * 1.02)}")


def model(folder: Path, work: Path) -> Model:
    """The package in `folder`, completed."""
    package = Package(Memory(files_of(folder)))
    avc = [one for one, _ in package.tracks("avc1") if one.kind == "video"]
    names = [one.uri.split("/")[0] for one in sorted(avc, key=lambda one: -one.average_bps())]
    built = Model(files_of(folder), names[0], names[-1], package.audio[0].uri.split("/")[0])
    _brands(built)
    for path in ("master.m3u8", "manifest.mpd"):
        built.files[path] = built.files[path].replace(b'"eng"', b'"en"')
    joined = work / "joined.mp4"
    parts = [f"{built.top}/init.mp4", *(f"{built.top}/{item.uri}" for item in avc[0].playlist.items)]
    joined.write_bytes(b"".join(built.files[path] for path in parts))
    top = next(one for one in avc if one.uri.startswith(built.top))
    if not list(package.tracks("av01")):
        name = _other_codec(built, top, joined, work, "av1", "-c:v", "libsvtav1", "-preset", "12", "-crf", "50",
                            "-svtav1-params", "lp=2")
        line = built.line(built.top)
        codec = re.sub(r"avc1\.\w+", _codec(built, name), line)
        built.edit("master.m3u8", f"{line}\n{built.top}/index.m3u8\n",
                   f"{line}\n{built.top}/index.m3u8\n{codec}\n{name}/index.m3u8\n")
    if b"vp09" not in built.files["manifest.mpd"]:
        _other_codec(built, top, joined, work, "vp9", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
                     "-b:v", "100k", "-row-mt", "1")
    # Ours are a picture every 2 s in one size, which 6.2 and 6.6 would have otherwise.
    built.files = {path: data for path, data in built.files.items() if not path.startswith(("iframes/", "storyboard/"))}
    built.files["master.m3u8"] = re.sub(rb"#EXT-X-(I-FRAME|IMAGE)-STREAM-INF.*\n", b"", built.files["master.m3u8"])
    _iframes(built, joined, work, "iframe-a", "160x90")
    _iframes(built, joined, work, "iframe-b", "240x136")
    if not package.subtitles:
        _subtitles(built, top)
    if not all(one.track and one.track.loudness for one in package.audio):
        _loudness(built)
    built.declare()
    return built


def _brands(built: Model) -> None:
    for path in [path for path in built.files if path.endswith("init.mp4")]:
        if b"cmfc" not in built.files[path][:64]:
            built.files[path] = with_brand(built.files[path])


def with_brand(init: bytes) -> bytes:
    """The header with `cmfc` among its brands."""
    size = int.from_bytes(init[:4], "big")
    return (size + 4).to_bytes(4, "big") + init[4:size] + b"cmfc" + init[size:]


def _fragments(path: Path) -> tuple[bytes, list[bytes]]:
    """(header, each fragment) of a fragmented file."""
    data = path.read_bytes()
    boxes = isobmff.parse(data).children
    starts = [box.at for box in boxes if box.kind == "moof"]
    ends = [*starts[1:], max(box.end for box in boxes if box.kind == "mdat")]
    return data[:starts[0]], [data[a:b] for a, b in zip(starts, ends, strict=True)]


def _other_codec(built: Model, top: Rendition, joined: Path, work: Path, codec: str, *encoder: str) -> str:
    """The top rendition once more in another codec, cut at the same times; in the MPD as well. Its folder."""
    starts, at = [], Fraction(0)
    for item in top.playlist.items:
        starts.append(at)
        at += item.duration_s
    path, name = work / f"{codec}.mp4", f"{codec}-{built.top.split('-')[1]}"
    assert top.track is not None
    run("-i", joined, "-an", *encoder, "-g", "9999", "-force_key_frames",
        ",".join(f"{float(start - Fraction(1, 4 * RATE) if start else 0):.3f}" for start in starts),
        "-video_track_timescale", str(top.track.timescale), "-fps_mode", "cfr", "-r", str(RATE), "-movflags",
        "+frag_keyframe+empty_moov+default_base_moof+skip_trailer", "-use_editlist", "0", path)
    init, fragments = _fragments(path)
    assert len(fragments) == len(starts), f"{len(fragments)} key frames instead of {len(starts)}"
    built.files[f"{name}/init.mp4"] = with_brand(init)
    for k, fragment in enumerate(fragments):
        built.files[f"{name}/{k}.m4s"] = fragment
    built.files[f"{name}/index.m3u8"] = built.files[f"{built.top}/index.m3u8"]
    text = built.files["manifest.mpd"].decode()
    found = next(one for one in re.findall(r" *<AdaptationSet.*?</AdaptationSet>\n", text, re.S) if built.top in one)
    kept = re.search(rf' *<Representation id="{built.top}".*?/>\n', found, re.S)
    assert kept
    alone = re.sub(r" *<Representation .*/>\n", "", found, flags=re.S).replace(
        "</AdaptationSet>", kept[0].strip() + "</AdaptationSet>")
    alone = re.sub(r"avc1\.\w+", _codec(built, name), alone.replace(built.top, name))
    alone = re.sub(r'(<AdaptationSet[^>]*) id="\d+"', rf'\1 id="{100 + len(built.files)}"', alone)
    built.files["manifest.mpd"] = text.replace(found, found + alone).encode()
    return name


def _codec(built: Model, name: str) -> str:
    from .bitstream import codecs
    return codecs(isobmff.read_init(built.files[f"{name}/init.mp4"]).tracks[0])


def _iframes(built: Model, joined: Path, work: Path, name: str, size: str) -> None:
    """A picture a second, each a fragment of its own."""
    path = work / f"{name}.mp4"
    scale = f"scale={size.replace('x', ':')}"
    run("-i", joined, "-an", "-vf", f"fps=1,{scale},setsar=1", "-c:v", "libx264", "-crf", "40", "-g", "2", "-keyint_min",
        "1", "-bf", "0", "-force_key_frames", "expr:gte(t,n_forced)", "-profile:v", "high", "-movflags",
        "+frag_keyframe+empty_moov+default_base_moof+skip_trailer", "-use_editlist", "0", path)
    init, fragments = _fragments(path)
    built.files[f"{name}/init.mp4"] = init
    for k, fragment in enumerate(fragments):
        built.files[f"{name}/{k}.m4s"] = fragment
    body = "".join(f"#EXTINF:1,\n{k}.m4s\n" for k in range(len(fragments)))
    built.files[f"{name}/index.m3u8"] = (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-I-FRAMES-ONLY\n"
        f'#EXT-X-MAP:URI="init.mp4"\n{body}#EXT-X-ENDLIST\n').encode()
    bits = [len(fragment) * 8 for fragment in fragments]
    built.files["master.m3u8"] += (
        f"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={max(bits)},AVERAGE-BANDWIDTH={sum(bits) // len(bits)},"
        f'RESOLUTION={size},CODECS="{_codec(built, name)}",URI="{name}/index.m3u8"\n').encode()


def _subtitles(built: Model, top: Rendition) -> None:
    """English captions for the deaf, in segments of 6 s; one cue goes over a boundary."""
    length = top.playlist.duration_s
    head = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n"
    cues: Sequence[tuple[str, str, str]] = (
        ("00:00:01.000", "00:00:03.000", "Welcome."), ("00:00:05.000", "00:00:07.000", "[a bell rings]"),
        ("00:00:13.000", "00:00:14.000", "Goodbye."))
    body, k, at = "", 0, Fraction(0)
    while at < length:
        end = min(at + 6, length)
        here = [cue for cue in cues if float(cue[0][-6:]) < end and float(cue[1][-6:]) > at]
        built.files[f"captions/en/{k}.vtt"] = (
            head + "\n".join(f"{start} --> {stop}\n{text}\n" for start, stop, text in here)).encode()
        body += f"#EXTINF:{float(end - at):g},\n{k}.vtt\n"
        at, k = end, k + 1
    built.files["captions/en/index.m3u8"] = (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        f"{body}#EXT-X-ENDLIST\n").encode()
    built.edit_re("master.m3u8", r"^(#EXT-X-STREAM-INF:.*)$", r'\1,SUBTITLES="captions"', 0)
    built.edit_re("master.m3u8", r"^(#EXT-X-MEDIA:)", (
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",LANGUAGE="en",NAME="English",DEFAULT=NO,AUTOSELECT=YES,'
        'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"'
        r',URI="captions/en/index.m3u8"' + "\n" + r"\1"))


def _loudness(built: Model) -> None:
    """Put udta/ludt behind the other boxes of trak."""
    path = f"{built.audio}/init.mp4"
    data = built.files[path]
    trak = built.box(path, "moov", "trak")
    moov = built.box(path, "moov")
    new = (len(LUDT) + 8).to_bytes(4, "big") + b"udta" + LUDT
    data = data[:trak.end] + new + data[trak.end:]
    for box in (moov, trak):
        data = data[:box.at] + (box.end - box.at + len(new)).to_bytes(4, "big") + data[box.at + 4:]
    built.files[path] = data
