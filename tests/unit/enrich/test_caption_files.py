"""Caption files that people have: read as they mean them, or refused with the line that is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.caption_files import MAX_BYTES, Caption, read, segment, srt, txt, vtt
from infra.core.errors import Rejected

VTT = """WEBVTT - made by hand
Kind: captions

STYLE
::cue { color: yellow }

NOTE not shown

intro
00:01.000 --> 00:03.500 line:90% align:start
<v Ada>Welcome &amp; <i>hello</i></v>
to all.

00:00:04.000 --> 01:00:00.000
Second
"""
SRT = """1\r
00:00:01,000 --> 00:00:03,500\r
<font color="red">Welcome</font> & <i>hello</i>\r
to all.\r
\r
2\r
00:00:04,000 --> 00:00:05,000\r
a < b\r
"""


def test_webvtt_keeps_its_tags_and_settings() -> None:
    first, second = read(VTT.encode(), 4000)
    assert (first.start_s, first.end_s, first.settings) == (1, 3.5, "line:90% align:start")
    assert first.lines == ("<v Ada>Welcome &amp; <i>hello</i></v>", "to all.")
    assert first.text == "Welcome & hello to all."
    assert (second.start_s, second.end_s, second.lines) == (4, 3600, ("Second",))


def test_subrip_becomes_webvtt() -> None:
    first, second = read(b"\xef\xbb\xbf" + SRT.encode(), 60)
    assert first.lines == ("Welcome &amp; <i>hello</i>", "to all.")
    assert second.lines == ("a &lt; b",)
    assert second.text == "a < b"
    assert "<i>hello</i>" in srt([first, second])
    assert "00:00:04,000 --> 00:00:05,000\na < b" in srt([first, second])


HELLO = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n\n"


@pytest.mark.parametrize(("text", "said"), [
    (f"{HELLO}00:03.000 --> 00:zz.000\nThere", "Line 6 can not be used: it is not a time"),
    (f"{HELLO}00:05.000 --> 00:04.000\nB\n", "Line 6 can not be used: it ends before it begins"),
    (f"{HELLO}\n\n00:00.500 --> 00:02.000\nB\n", "Line 8 can not be used: it begins before"),
    (f"{HELLO}02:05.000 --> 02:06.000\nA\n", "Line 6 can not be used: it begins after the end of the video, which is 60"),
    ("1\n00:00:01,000 --> 00:00:0x,000\nA\n", "Line 2 can not be used"),
    (f"{HELLO}and goodbye\n", "Line 6 can not be used: it belongs to no time: take out the empty line"),
    (f"{HELLO}\0", "Line 6 can not be used: there is a zero byte"),
    ("Hello\n", "neither WebVTT"),
    ("", "neither WebVTT"),
    ("WEBVTT\n\n00:01.000 --> 00:02.000\nA\n00:03.000 --> 00:04.000\nB\n", "Line 3 can not be used"),
])
def test_the_line_that_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(Rejected) as error:
        read(text.encode(), 60)
    assert said in error.value.message


def test_other_encodings_and_too_much_are_refused() -> None:
    with pytest.raises(Rejected, match=r"Line 3 .*UTF-8"):
        read("WEBVTT\n\n00:01.000 --> 00:02.000 Grüße".encode("latin-1"), 60)
    with pytest.raises(Rejected, match="may have 8 MB"):
        read(b"x" * (MAX_BYTES + 1), 60)


def test_an_empty_line_in_subrip_is_a_part_of_the_text() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne\n\nand more\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n"
    assert [one.lines for one in read(text.encode(), 60)] == [("One", "and more"), ("Two",)]


def test_no_captions_are_captions_too() -> None:
    assert read(b"WEBVTT\n", 60) == []
    assert vtt([]) == "WEBVTT\n"


def test_a_segment_has_each_caption_that_meets_it_with_its_whole_time() -> None:
    found = [Caption(start_s=1, end_s=7, lines=("A",)), Caption(start_s=7, end_s=8, lines=("B",))]
    first, second, third = (segment(found, start, start + 6) for start in (0, 6, 12))
    assert first.splitlines()[:2] == ["WEBVTT", "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"]
    assert "00:00:01.000 --> 00:00:07.000\nA" in first
    assert "B" not in first.splitlines()
    assert "00:00:01.000 --> 00:00:07.000\nA" in second
    assert "00:00:07.000 --> 00:00:08.000\nB" in second
    assert "-->" not in third


def test_text_is_paragraphs_by_pauses() -> None:
    found = [Caption(start_s=at, end_s=at + 1, lines=(f"<b>{at}</b>",)) for at in (0, 1, 2, 10, 11)]
    assert txt(found) == "0 1 2\n\n10 11\n"


@given(st.lists(st.tuples(st.floats(0, 9e4), st.floats(0.01, 9),
                          st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp", "Zs"]),
                                           min_size=1, max_size=30), min_size=1, max_size=2)), max_size=8))
def test_what_is_written_is_read_again(made: list[tuple[float, float, list[str]]]) -> None:
    found = [Caption(start_s=round(start, 3), end_s=round(round(start, 3) + length + 0.001, 3),
                     lines=tuple(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in lines))
             for start, length, lines in sorted(made)]
    assert read(vtt(found).encode(), 1e6) == found
    assert [one.text for one in found] == [" ".join(lines) for _, _, lines in sorted(made)]
    again = read(srt(found).encode(), 1e6) if found else []
    assert [(one.start_s, one.end_s) for one in again] == [(one.start_s, one.end_s) for one in found]
