"""`lectern process`: a folder for any web server, without a service."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browsing import Watching
from lecture_clips import Shape, ffmpeg, make
from service import ROOT, Program, assert_no_trace, environment, one_sentence, run, until

from infra.runtime import cli

Watch = Callable[..., Watching]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-level", "5.1")  # too high to be copied
    return make(tmp_path_factory.mktemp("short") / "short.mp4", Shape(duration_s=8, size="640x360", codec=codec))


@pytest.fixture(scope="module")
def folder(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `lectern process` makes of it."""
    made = tmp_path_factory.mktemp("processed") / "out"
    done = run("process", str(short), "--out", str(made), "--title", "Offline & free", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["folder"] == str(made)
    assert summary["duration_s"] == pytest.approx(8, abs=0.05)
    assert summary["renditions"] == ["h264-360p", "aac"]
    return made


def test_what_is_said_is_written_down(tmp_path: Path) -> None:
    talk = tmp_path / "talk.m4a"
    subprocess.run([ffmpeg(), "-v", "error", "-i", ROOT / "infra/demo/sample-lecture.mp4", "-vn", "-c:a", "copy", talk],
                   check=True)
    out = tmp_path / "out"
    done = run("process", str(talk), "--out", str(out), "--json", env=environment(LECTERN_TRANSCRIBE="true"))
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["captions"], summary["no_captions"]) == ("en", None)
    assert "one row for each" in " ".join((out / "transcript.txt").read_text().split())
    assert (out / "captions.srt").read_text().startswith("1\n00:00:0")
    assert 'URI="captions/en/index.m3u8",TYPE=SUBTITLES' in (out / "master.m3u8").read_text()
    assert "captions/en/all.vtt" in (out / "manifest.mpd").read_text()
    segments = [(out / f"captions/en/{k}.vtt").read_text() for k in range(summary["segments"])]
    assert all(one.startswith("WEBVTT\nX-TIMESTAMP-MAP=") for one in segments)
    assert (out / "storyboard.vtt").read_text().strip() == "WEBVTT"  # the page asks for it
    assert "one row for each" in " ".join((out / "outline.md").read_text().split())
    assert "sound alone" in (out / "outline.md").read_text()
    assert not (tmp_path / "lectern-data").exists()


@pytest.mark.slow
def test_slides_are_in_the_outline(tmp_path: Path) -> None:
    talk = tmp_path / "talk.mp4"
    subprocess.run([ffmpeg(), "-v", "error", "-t", "25", "-i", ROOT / "infra/demo/sample-lecture.mp4", "-vf", "scale=-2:360",
                    "-preset", "ultrafast", "-an", talk], check=True)
    out = tmp_path / "out"
    done = run("process", str(talk), "--out", str(out), "--title", "A <talk>", env=environment(LECTERN_FILL_CODECS="h264"))
    assert done.returncode == 0, done.stderr
    page = (out / "outline.html").read_text()
    assert page.count('src="data:image/jpeg;base64,') >= 2
    assert "<h1 dir=\"auto\">A &lt;talk&gt;</h1>" in page and 'href="index.html?t=' in page
    pictures = re.findall(r"]\(<(still/\d+\.jpg)>\)", (out / "outline.md").read_text())
    assert len(pictures) >= 2 and all((out / one).is_file() for one in pictures)
    assert not (out / "o").exists()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *what: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """What `python -m http.server -d FOLDER` does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_folder_plays_from_any_web_server(folder: Path, watch: Watch) -> None:
    with served(folder) as url:
        page = watch(f"{url}/index.html")
        assert page.page.inner_text("h1") == "Offline & free"
        page.play()
        page.until_true("video.currentTime > 1")
        page.seek(6)
        page.until_true("video.ended")
        page.complaints = [text for text in page.complaints if "favicon" not in text]


def test_a_second_run_keeps_what_is_there_and_makes_what_is_missing(short: Path, folder: Path) -> None:
    cells = {path: path.stat().st_mtime_ns for path in folder.rglob("*.m4s")}
    gone = folder / "h264-360p" / "1.m4s"
    content = gone.read_bytes()
    gone.unlink()
    done = run("process", str(short), "--out", str(folder), "--title", "Offline & free")
    assert done.returncode == 0, done.stderr
    assert gone.read_bytes() == content
    assert {path: path.stat().st_mtime_ns for path in cells if path != gone} == {
        path: time_ns for path, time_ns in cells.items() if path != gone}


def gray(*source: Path) -> list[bytes]:
    """The pictures of a file, or of the pieces of a rendition, small and gray."""
    made = subprocess.run([ffmpeg(), "-v", "error", "-i", "-", "-vf", "scale=64:36,format=gray", "-fps_mode", "passthrough",
                           "-f", "rawvideo", "-"], input=b"".join(one.read_bytes() for one in source), capture_output=True,
                          check=True)
    return [made.stdout[at:at + 64 * 36] for at in range(0, len(made.stdout), 64 * 36)]


@pytest.mark.slow
def test_a_part_of_it_is_exactly_that_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           capfd: pytest.CaptureFixture[str]) -> None:
    def here(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["lectern", *arguments])
        return cli.main()

    source = make(tmp_path / "short.mkv", Shape(duration_s=6, size="320x180", rate=10, gop=30))
    out = tmp_path / "out"
    done = run("process", str(source), "--out", str(out), "--trim", "0:01.7-4.2", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["duration_s"] == 2.5
    cells = [out / "h264-360p" / name for name in ("init.mp4", *(f"{k}.m4s" for k in range(summary["segments"])))]
    whole, shown = gray(source), gray(*cells)
    assert (len(whole), len(shown)) == (60, 25)
    for n, picture in enumerate(shown):  # a frame aside it is another picture
        unlike = [sum(abs(a - b) for a, b in zip(picture, other, strict=True)) for other in whole]
        assert unlike.index(min(unlike)) == n + 17
    # Another part does not go into the same folder; one that there is not is a wrong argument. (Without a process for each.)
    assert here("process", str(source), "--out", str(out), "--trim", "2-") == 1
    assert "another part" in capfd.readouterr().err
    for wrong, why in (("soon", "is no part of a recording"), ("4-3", "has to come after the start"),
                       ("0:04-1:00", "ends at 6.000 s"), ("1-2", "at least")):
        for command in (["process", str(source), "--out", str(tmp_path / "none")], ["plan", str(source)]):
            assert here(*command, "--trim", wrong) == 64
            assert why in " ".join(capfd.readouterr().err.replace("│", " ").split())
    assert not (tmp_path / "none").exists()
    assert here("plan", str(source), "--trim", "0:01.7-4.2") == 0
    assert ": 2.500 s, 10 frames/s, 25 frames in" in capfd.readouterr().out


def test_another_video_is_not_mixed_into_a_folder(folder: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "other.mp4", Shape(duration_s=3, size="320x180"))
    said = one_sentence(run("process", str(other), "--out", str(folder)), 1)
    assert "another video" in said
    assert "--out" in said


def test_a_folder_with_other_things_in_it_is_not_touched(short: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert "not empty" in one_sentence(run("process", str(short), "--out", str(tmp_path)), 1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_is_no_video_is_refused_in_one_sentence_and_leaves_no_folder(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("These are my notes.\n" * 50)
    one_sentence(run("process", str(text), "--out", str(tmp_path / "out")), 65)
    one_sentence(run("process", str(tmp_path / "none.mp4"), "--out", str(tmp_path / "out")), 66)
    one_sentence(run("plan", str(text)), 65)
    assert not (tmp_path / "out").exists()


def test_wrong_usage_is_explained(tmp_path: Path) -> None:
    done = run("process", str(tmp_path))
    assert done.returncode == 64
    assert "--out" in done.stderr
    assert_no_trace(done.stderr)


@pytest.mark.slow
def test_ctrl_c_ends_it_and_the_next_run_goes_on(clip: Path, tmp_path: Path,
                                                 program: Callable[..., Program]) -> None:
    out = tmp_path / "out"
    begun = program("process", str(clip), "--out", str(out))
    until(lambda: any(out.rglob("*.m4s")), 60, "the first cell")
    assert begun.interrupt() == 130
    assert_no_trace(begun.output)
    assert not (out / "master.m3u8").exists()  # nobody takes it for finished
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.m4s")}
    done = run("process", str(clip), "--out", str(out), timeout_s=200)
    assert done.returncode == 0, done.stderr
    assert (out / "master.m3u8").exists()
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
