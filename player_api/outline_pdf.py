"""An outline as PDF: bookmarks for the chapters, links to the seconds, and the text of slides laid unseen over their
pictures, so that it can be searched and copied."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO

from fpdf import FPDF
from fpdf.enums import TextMode, XPos, YPos
from fpdf.errors import FPDFException
from fpdf.image_parsing import preload_image

from enrich.outline import Outline, Paragraph, Section, Shown, in_order
from player_api import outline_fonts
from player_api.outline_places import Places, clock, lines_of, plain

_MARGIN_MM, _TIMES_MM, _FOOT_MM = 20.0, 17.0, 18.0  # _TIMES: the column that the times stand in
_PICTURE_MM = (132.0, 80.0)  # at most
_TEXT, _QUIET, _LINK, _RULE = (28, 32, 38), (91, 100, 112), (31, 95, 204), (217, 221, 227)
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_MOST_NAMED = 20
# Scripts whose signs change with their neighbours, or that are written from right to left, have to be shaped.
_SHAPED = ((0x0590, 0x109F), (0x1780, 0x17FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))


def pdf(outline: Outline, places: Places, pictures: Mapping[int, bytes], date: datetime) -> bytes:
    """The whole outline as a document of `date`. `pictures` are JPEGs by the number of the still."""
    paper = _Paper(outline, date)
    paper.front(places)
    for number, section in enumerate(outline.sections):
        paper.opening(number, section, places)
        for one in in_order(section):
            if isinstance(one, Shown):
                paper.slide(one, places, pictures.get(one.image))
            else:
                paper.paragraph(one, places)
    paper.apology()
    return bytes(paper.output())


class _Paper(FPDF):
    """A4, with the times beside the text."""

    def __init__(self, outline: Outline, date: datetime) -> None:
        super().__init__(format="A4")
        self._told = outline
        self._heading = plain(outline.title) or "Video"
        fonts, self._unknown = outline_fonts.behind(sign for text in _texts(outline) for sign in text)
        self._left_out = frozenset(sign for sign in self._unknown if unicodedata.category(sign) in ("Cf", "Mn", "Co", "Cn"))
        self.add_font("first", fname=outline_fonts.first())
        behind = []
        for i, path in enumerate(fonts):
            self.add_font(f"behind{i}", fname=path)
            behind.append(f"behind{i}")
        self.set_fallback_fonts(behind, exact_match=False)
        self.set_margin(_MARGIN_MM)
        self.c_margin = 0
        self.set_auto_page_break(True, _FOOT_MM + 4)
        self.set_title(self._heading)
        self.set_lang(outline.language or "")
        self.set_creator("Lectern")
        self.set_creation_date(date.astimezone(UTC))
        self.set_font("first", size=10.5)
        self.add_page()
        self._chapters = [self.add_link(page=1) for _ in outline.sections]  # until their pages are known

    def footer(self) -> None:
        """The title and the number of the page."""
        self.set_y(-_FOOT_MM)
        self._use(8.5, _QUIET)
        self.set_text_shaping(False)
        width_mm = self.epw - 20
        title = self._written(self._heading)
        while title and self.get_string_width(title) > width_mm:
            title = title[:-2].rstrip("…") + "…" if len(title) > 2 else ""
        self._shape(title)
        self.cell(width_mm, 5, title)
        self.set_text_shaping(False)
        self.cell(20, 5, str(self.page_no()), align="R")

    def front(self, places: Places) -> None:
        """The title, what it is about, what is missing, and the chapters."""
        self._say(self._heading, 22, leading=1.2)
        self._use(10.5, _LINK)
        self.cell(text="Watch", link=places.watch, h=6)
        self._use(10.5, _QUIET)
        self.cell(text=f" · {clock(self._told.duration_s)}", new_x=XPos.LMARGIN, new_y=YPos.NEXT, h=6)
        if self._told.phrases:
            self._say(" · ".join(map(plain, self._told.phrases)), 10.5, _QUIET)
        for note in self._told.notes:
            self.ln(2)
            self._say(note, 9.5, _QUIET)
        if self._told.sections and self._told.sections[0].title is not None:
            self.ln(4)
            for link, section in zip(self._chapters, self._told.sections, strict=True):
                self._beside(clock(section.start_s), link, plain(section.title or ""), _TEXT)

    def opening(self, number: int, section: Section, places: Places) -> None:
        """The beginning of a chapter."""
        self.ln(6)
        if self.will_page_break(40):
            self.add_page()
        self.set_link(self._chapters[number], y=self.y, page=self.page)
        if section.title is not None:
            self.start_section(plain(section.title))
            self.set_draw_color(*_RULE)
            self.line(_MARGIN_MM, self.y, self.w - _MARGIN_MM, self.y)
            self.ln(3)
            self._say(plain(section.title), 15, leading=1.25)
            self._use(9.5, _LINK)
            self.cell(text=clock(section.start_s), link=places.at(section.start_s), new_x=XPos.LMARGIN, new_y=YPos.NEXT, h=6)
        if section.phrases:
            self._say(" · ".join(map(plain, section.phrases)), 9.5, _QUIET)
        self.ln(2)

    def paragraph(self, one: Paragraph, places: Places) -> None:
        """What is said, with its time beside it."""
        self._beside(clock(one.start_s), places.at(one.start_s), plain(one.text), _TEXT)
        self.ln(1.5)

    def slide(self, one: Shown, places: Places, jpeg: bytes | None) -> None:
        """The picture of a slide with its text; the text alone where the picture is missing."""
        placed = self._placed(jpeg)
        if placed is None:
            for words in lines_of(one.text) or [plain(one.title or "")]:
                self._beside(clock(one.start_s), places.at(one.start_s), words, _QUIET)
            return
        picture, width_mm, height_mm = placed
        self.ln(1)
        if self.will_page_break(height_mm + 8):
            self.add_page()
        x, y = _MARGIN_MM + _TIMES_MM, self.y
        self._time(clock(one.start_s), places.at(one.start_s))
        self.image(picture, x, y, width_mm, height_mm, link=places.at(one.start_s),
                   alt_text=plain(one.title or "") or "Slide")
        self.set_draw_color(*_RULE)
        self.rect(x, y, width_mm, height_mm)
        with self.local_context(text_mode=TextMode.INVISIBLE):
            for line in one.lines:
                self._unseen(plain(line.text), x + line.left * width_mm, y + line.top * height_mm, line.width * width_mm,
                             line.height * height_mm)
        self.set_xy(_MARGIN_MM, y + height_mm + 3)
        if not one.lines:
            for words in lines_of(one.text):
                self._beside("", "", words, _QUIET)

    def apology(self) -> None:
        """Which signs had to be replaced."""
        replaced = sorted(self._unknown - self._left_out)
        if replaced:
            named = ", ".join(f"U+{ord(sign):04X}" for sign in replaced[:_MOST_NAMED])
            more = f" and {len(replaced) - _MOST_NAMED} more" if len(replaced) > _MOST_NAMED else ""
            self.ln(6)
            self._say(f"Written as {_REPLACED}, because no font on this server has them: {named}{more}.", 9, _QUIET)

    def _placed(self, jpeg: bytes | None) -> tuple[BytesIO, float, float] | None:
        """The picture, and how large it is shown; None for what is none."""
        if not jpeg:
            return None
        picture = BytesIO(jpeg)
        try:
            _, _, info = preload_image(self.image_cache, picture)
        except (OSError, ValueError, FPDFException):
            return None
        scale = min(_PICTURE_MM[0] / info.width, _PICTURE_MM[1] / info.height)
        return picture, info.width * scale, info.height * scale

    def _unseen(self, text: str, x: float, y: float, width_mm: float, height_mm: float) -> None:
        text = self._written(text)
        self._shape(text)
        self.set_font_size(max(1.0, height_mm * self.k * 0.8))
        wide_mm = self.get_string_width(text)
        if text and wide_mm > 0 and width_mm > 0:
            self.set_font_size(max(1.0, self.font_size_pt * width_mm / wide_mm))
            self.text(x, y + height_mm * 0.8, text)

    def _beside(self, time: str, link: str | int, text: str, colour: tuple[int, int, int]) -> None:
        if self.will_page_break(11):
            self.add_page()
        self._time(time, link)
        self._say(text, 10.5, colour, x=_MARGIN_MM + _TIMES_MM)

    def _time(self, time: str, link: str | int) -> None:
        if time:
            self.set_text_shaping(False)
            self._use(8.5, _LINK)
            self.set_x(_MARGIN_MM)
            self.cell(_TIMES_MM, 5.4, time, link=link)

    def _say(self, text: str, size_pt: float, colour: tuple[int, int, int] = _TEXT, *, x: float = _MARGIN_MM,
             leading: float = 1.45) -> None:
        text = self._written(text)
        self._use(size_pt, colour)
        self._shape(text)
        self.set_x(x)
        self.multi_cell(0, size_pt * leading / self.k, text, align="R" if _from_the_right(text) else "L",
                        new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_shaping(False)

    def _use(self, size_pt: float, colour: tuple[int, int, int]) -> None:
        self.set_font_size(size_pt)
        self.set_text_color(*colour)

    def _shape(self, text: str) -> None:
        self.set_text_shaping(any(first <= ord(sign) <= last for sign in text if sign > "\u058f" for first, last in _SHAPED))

    def _written(self, text: str) -> str:
        """The text in signs that the fonts have."""
        if self._unknown.isdisjoint(text):
            return text
        return "".join("" if sign in self._left_out else _REPLACED if sign in self._unknown else sign for sign in text)


def _texts(outline: Outline) -> Iterator[str]:
    yield from (plain(outline.title), *map(plain, outline.phrases), *outline.notes)
    yield f"0123456789:·… Watch Video Slide {_REPLACED}"
    for section in outline.sections:
        yield from (plain(section.title or ""), *map(plain, section.phrases))
        yield from (plain(one.text) for one in section.paragraphs)
        for one in section.slides:
            yield from (plain(one.title or ""), plain(one.text), *(plain(line.text) for line in one.lines))


def _from_the_right(text: str) -> bool:
    """Whether its first letter is of a script that is written from right to left."""
    return next((unicodedata.bidirectional(sign) in ("R", "AL") for sign in text if sign.isalpha()), False)
