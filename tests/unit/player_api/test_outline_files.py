"""An outline as Markdown, HTML and PDF: all of it is there, none of it is anything but text, and it leads to the seconds."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from io import BytesIO

import html5lib
import pytest
from markdown_it import MarkdownIt
from outlines import DATE, NASTY, PLACES, lecture, nasty, picture
from pypdf import PdfReader

from enrich.outline import Outline, compose
from player_api import outline_fonts
from player_api.outline_html import html, policy
from player_api.outline_markdown import markdown
from player_api.outline_pdf import pdf
from player_api.outline_places import clock, lines_of, plain

PICTURES = {number: picture(f"no {number}") for number in (5, 405)}


def words(text: str) -> str:
    return " ".join(text.split())


def texts(outline: Outline) -> list[str]:
    """What a document of it has to say, in order."""
    found = []
    for section in outline.sections:
        found.append(plain(section.title or ""))
        found += [plain(one.text) for one in section.paragraphs]
    return [text for text in found if text]


class Read(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.sources += [value or "" for name, value in attrs if name == "src"]

    def handle_data(self, data: str) -> None:
        self.text += data


def strictly(page: str) -> None:
    """Raises where HTML has an error."""
    html5lib.HTMLParser(strict=True).parse(page)


def test_times_and_lines() -> None:
    assert [clock(at_s) for at_s in (0, 65.9, 3600, 36_061)] == ["0:00", "1:05", "1:00:00", "10:01:01"]
    assert lines_of("a\x00b\n\n \u202ec\ud800d\t e\u2028f") == ["a b", "cd e", "f"]


def test_html_is_valid_and_whole() -> None:
    page = html(lecture(), PLACES, PICTURES)
    strictly(page)
    read = Read(page)
    assert all(text in words(read.text) for text in texts(lecture()))
    assert "https://lectern.example/watch/p_1?t=40" in read.links
    assert len(read.sources) == 2 and all(source.startswith("data:image/jpeg;base64,") for source in read.sources)
    assert '<html lang="en">' in page and 'alt="Edges"' in page
    assert f'content="{policy()}"'.replace("'", "&#39;") in page
    assert "script" not in read.tags


def test_nothing_that_is_said_or_shown_is_markup() -> None:
    page = html(nasty(), PLACES, {})
    strictly(page)
    read = Read(page)
    assert read.tags == Read(html(lecture(), PLACES, PICTURES)).tags - {"img"}
    assert not any(name.startswith("on") for name in read.attributes)
    assert all(link.startswith(("https://lectern.example/watch/p_1", "#c")) for link in read.links)
    assert NASTY[0] in read.text and "{{ 7 * 7 }}" in read.text
    assert all(text in words(read.text) for text in texts(nasty()))


def test_markdown_is_whole_and_means_nothing_but_itself() -> None:
    for outline in (lecture(), nasty()):
        text = markdown(outline, PLACES)
        read = Read(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))
        assert read.tags <= {"h1", "h2", "p", "a", "em", "img", "blockquote", "br"}
        assert {link.partition("?")[0] for link in read.links} == {PLACES.watch}
        assert all(re.fullmatch(r"https://lectern\.example/\d+\.jpg\?a=1&b=2", source) for source in read.sources)
        for one in texts(outline):
            assert one in words(read.text)
    assert "![Edges](<https://lectern.example/405.jpg?a=1&b=2>)" in markdown(lecture(), PLACES)
    assert "<http://" not in text and "www." not in text.replace("www\\.", "")  # no links by themselves


def test_pdf_says_what_the_outline_says_in_order() -> None:
    made = pdf(lecture(), PLACES, PICTURES, DATE)
    assert made == pdf(lecture(), PLACES, PICTURES, DATE)
    document = PdfReader(BytesIO(made))
    assert document.metadata is not None and document.metadata.title == "Graphs"
    assert document.trailer["/Root"]["/Lang"] == "en"
    assert [entry["/Title"] for entry in document.outline] == ["Nodes", "Edges"]
    links = [note.get_object()["/A"]["/URI"] for page in document.pages for note in page.get("/Annots", ())
             if "/A" in note.get_object() and "/URI" in note.get_object()["/A"]]
    assert {"https://lectern.example/watch/p_1", "https://lectern.example/watch/p_1?t=40",
            "https://lectern.example/watch/p_1?t=50"} <= set(links)
    text = words(" ".join(page.extract_text() for page in document.pages))
    at = text.index("No slides were looked for.")
    for one in ("Nodes", "Edges", *texts(lecture())):  # the list of chapters, then these
        at = text.index(one, at)
    for line in ("are points", "join nodes"):  # of the slides
        assert line in text
    assert sum(len(page.images) for page in document.pages) == 2


def test_no_script_and_no_sign_is_too_much_for_a_pdf() -> None:
    document = PdfReader(BytesIO(pdf(nasty(), PLACES, {0: b"no picture", 1: picture("one")}, DATE)))
    text = words(" ".join(page.extract_text() for page in document.pages))
    for sentence in ("<script>alert(1)</script>.", "Δ ∀x∈ℝ ∑ ≤ √ →", "{{ 7 * 7 }} {% raw %} $x$ \\."):
        assert sentence in text
    _, missing = outline_fonts.behind("漢\U0010ffff字a")
    assert ("Written as \N{REPLACEMENT CHARACTER}" in text) == bool(missing - {"\U0010ffff"})  # which nobody is shown
    assert "U+0061" not in text
    assert document.metadata is not None and "alert(1)" in str(document.metadata.title)


@pytest.mark.parametrize("outline", [compose("", None, 0), compose("T", "x-y", 1), compose("\0", None, 5)])
def test_an_empty_outline_is_a_document_as_well(outline: Outline) -> None:
    strictly(html(outline, PLACES, {}))
    assert markdown(outline, PLACES).startswith("# ")
    assert len(PdfReader(BytesIO(pdf(outline, PLACES, {}, DATE))).pages) == 1


def test_every_script_that_has_a_package_is_written() -> None:
    _, missing = outline_fonts.behind("aλж" + "".join(NASTY[7:14]) + "∀∈ℝ∑≤√→")
    assert not missing
