"""Caption files: WebVTT and SubRip in, with the line that is wrong; WebVTT, SubRip and plain text out. Pure.

webvtt-py reads the formats; it says what is wrong, but not where, so each caption is given to it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import StringIO

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from enrich.cues import Cue
from infra.core.errors import Rejected
from infra.core.media import Frozen

MAX_BYTES = 8 << 20  # a day of speech has 1 MB
_BLANKS = re.compile(r"\r\n|\r|\n")
_ARROW = "-->"
_OVERLONG_S = 0.5  # captions may begin this much after the video: clocks differ
_OTHER_BLOCKS = ("NOTE", "STYLE", "REGION")  # of WebVTT; how captions look is the player's and the viewer's choice


class Caption(Frozen):
    """A cue of a file: `lines` and `settings` as WebVTT has them, with its tags and escapes."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]
    settings: str = ""

    @property
    def plain_lines(self) -> list[str]:
        """Without tags and escapes."""
        return [_plain(line) for line in self.lines]

    @property
    def text(self) -> str:
        """Without tags, as one line."""
        return " ".join(self.plain_lines)


def read(data: bytes, duration_s: float) -> list[Caption]:
    """The captions of a WebVTT or SubRip file, whichever it is, in the order of their start.

    Raises Rejected(bad_captions), whose sentence names the line that is wrong.
    """
    lines = _BLANKS.split(_text(data))
    is_vtt = lines[0].startswith("WEBVTT")
    if not is_vtt and not any(_ARROW in line for line in lines):
        raise Rejected("bad_captions", "This is neither WebVTT (its first line is WEBVTT) nor SubRip.")
    found: list[Caption] = []
    for number, block in _blocks(lines):
        if not any(_ARROW in line for line in block):
            if is_vtt and (number == 1 or block[0].startswith(_OTHER_BLOCKS)):
                continue
            if is_vtt or not found:
                raise _wrong(number, "it belongs to no time" + (": take out the empty line above it" if found else ""))
            if not (len(block) == 1 and block[0].strip().isdigit()):  # SubRip: text behind an empty line
                more = tuple(map(_escaped_but_tags, block))
                found[-1] = found[-1].model_copy(update={"lines": (*found[-1].lines, *more)})
            continue
        at = number + next(i for i, line in enumerate(block) if _ARROW in line)
        caption = _caption(block, at, is_vtt)
        if found and caption.start_s < found[-1].start_s:
            raise _wrong(at, "it begins before the caption above it: put the captions in the order of their time")
        if caption.start_s > duration_s + _OVERLONG_S:
            raise _wrong(at, f"it begins after the end of the video, which is {duration_s:.3f} s long: are these the "
                             "captions of another video?")
        found.append(caption)
    return found


def from_cues(made: Sequence[Cue]) -> list[Caption]:
    """The captions of cues, whose plain text is escaped."""
    return [Caption(start_s=cue.start_s, end_s=cue.end_s, lines=tuple(map(_escaped, cue.lines))) for cue in made]


def vtt(found: Sequence[Caption]) -> str:
    """All captions as WebVTT."""
    return "\n".join(["WEBVTT", "", *(line for one in found for line in _block(one))])


def segment(found: Sequence[Caption], start_s: float, end_s: float) -> str:
    """The WebVTT segment of HLS for [start_s, end_s): every caption that is shown there, with its whole time.

    RFC 8216bis, 3.1.4: a cue is in each segment whose time it meets. Media times begin at 0, as the cells' do.
    """
    here = [one for one in found if one.start_s < end_s and one.end_s > start_s]
    return "\n".join(["WEBVTT", "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000", "",
                      *(line for one in here for line in _block(one))])


def srt(found: Sequence[Caption]) -> str:
    """All captions as SubRip: bold, italic and underlined stay, whatever else WebVTT has goes."""
    return "\n".join(line for number, one in enumerate(found, 1) for line in (
        str(number), f"{_time(one.start_s)} --> {_time(one.end_s)}".replace(".", ","), *map(_for_subrip, one.lines), ""))


def txt(found: Sequence[Caption]) -> str:
    """What is said, a paragraph until each pause of two seconds."""
    paragraphs: list[list[str]] = []
    for i, one in enumerate(found):
        if not i or one.start_s - found[i - 1].end_s > 2:
            paragraphs.append([])
        paragraphs[-1].append(one.text)
    return "".join(" ".join(paragraph) + "\n\n" for paragraph in paragraphs)[:-1]


def _caption(block: Sequence[str], number: int, is_vtt: bool) -> Caption:
    text = "\n".join(block)
    try:
        read = (webvtt.from_string(f"WEBVTT\n\n{text}", strict=True) if is_vtt else
                webvtt.from_buffer(StringIO(f"1\n{text[text.index(_arrow_line(block)):]}"), format="srt"))
    except (MalformedCaptionError, MalformedFileError) as error:
        raise _wrong(number, "it is not a time such as 00:01:02.500 --> 00:01:04.000") from error
    if len(read.captions) != 1:
        raise _wrong(number, "it is not a time such as 00:01:02.500 --> 00:01:04.000, followed by the text")
    (one,) = read.captions
    start_s, end_s = (time.hours * 3600 + time.minutes * 60 + time.seconds + time.milliseconds / 1000
                      for time in map(webvtt.models.Timestamp.from_string, (one.start, one.end)))
    if end_s <= start_s:
        raise _wrong(number, "it ends before it begins")
    lines = one.lines if is_vtt else [_escaped_but_tags(line) for line in one.lines]
    return Caption(start_s=round(start_s, 3), end_s=round(end_s, 3), lines=tuple(lines), settings=str(one.settings or ""))


def _arrow_line(block: Sequence[str]) -> str:
    return next(line for line in block if _ARROW in line)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise Rejected("captions_too_large", f"Captions may have {MAX_BYTES >> 20} MB; these have {len(data) / 1e6:.1f}.")
    if b"\0" in data:  # which no database takes
        raise _wrong(data[: data.index(b"\0")].count(b"\n") + 1, "there is a zero byte in it: is this a text file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _wrong(line, "it is not in UTF-8: save the file with that encoding") from error


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Groups of lines between empty ones, with the number of the first, from 1."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _block(one: Caption) -> Iterator[str]:
    yield f"{_time(one.start_s)} --> {_time(one.end_s)}" + (f" {one.settings}" if one.settings else "")
    yield from one.lines
    yield ""


def _time(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_KEPT_TAG = re.compile(r"&lt;(/?[bui])&gt;", re.IGNORECASE)
_FONT_TAG = re.compile(r"</?font[^>]*>|\{\\[^}]*\}", re.IGNORECASE)


def _escaped_but_tags(text: str) -> str:
    """A line of SubRip: bold, italic and underlined stay, fonts and positions go."""
    return _KEPT_TAG.sub(lambda tag: f"<{tag[1].lower()}>", _escaped(_FONT_TAG.sub("", text)))


_TAG = re.compile(r"<[^>]*>")
_TAG_OF_VTT = re.compile(r"<(?!/?[biu]>)[^>]*>")


def _plain(line: str) -> str:
    return _unescaped(_TAG.sub("", line))


def _for_subrip(line: str) -> str:
    return _unescaped(_TAG_OF_VTT.sub("", line)).replace(_ARROW, "→")  # which SubRip can not escape


def _unescaped(text: str) -> str:
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&lrm;", ""), ("&rlm;", ""), ("&amp;", "&")):
        text = text.replace(name, sign)
    return text


def _wrong(line: int, why: str) -> Rejected:
    return Rejected("bad_captions", f"Line {line} can not be used: {why}.")
