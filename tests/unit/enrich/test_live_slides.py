"""Which picture a live slide has, how it is listed, and the file that small pictures go through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich import live_pictures
from enrich.live_scan import Glance
from enrich.live_slides import Album, listed
from enrich.slide import Line
from enrich.slide_look import GRID, SHAPE, Pictures
from enrich.slide_scan import Shot

NONE = np.zeros(GRID, dtype=bool)


def page(seed: int) -> Pictures:
    picture = np.full(SHAPE, 245, np.uint8)
    picture[13:17, 10:100] = 245 - np.random.default_rng(seed).integers(0, 2, (4, 90)) * 200
    return picture


def shot(start_s: float, end_s: float, seed: int, *, settled_s: float | None = None, build: bool = False) -> Shot:
    return Shot(start_s, end_s, settled_s if settled_s is not None else end_s, page(seed), NONE, build)


def test_a_slide_keeps_its_picture_while_it_is_shown_and_gets_another_when_it_ended_otherwise() -> None:
    album = Album()
    assert album.image(shot(0, 4, 1), over=False) is None
    first = album.add(shot(0, 4, 1))
    assert first.tenth == 40
    assert album.image(shot(0, 6, 1), over=True) is first
    assert album.image(shot(0, 6, 2), over=False) is first  # it changes, and nobody knows how it will be
    assert album.image(shot(0, 6, 2), over=True) is None
    last = album.add(shot(0, 6, 2))
    assert album.image(shot(0, 6, 2), over=True) is last
    assert album.image(shot(30, 36, 1), over=False) is first  # it returns


def test_pictures_of_a_process_that_is_no_more_are_known_again() -> None:
    before = Album()
    image = before.add(shot(2.0, 6.5, 1, settled_s=6.5))
    stored = listed((), [(shot(2.0, 6.5, 1), image)], {}, None).slides
    after = Album()
    after.again(stored, [Glance(6.0, True, page(9)), Glance(6.5, False, page(1)), Glance(7.0, False, page(2))])
    found = after.image(shot(2.0, 9.0, 1), over=True)
    assert found is not None and found.tenth == 65


def test_what_was_listed_of_a_time_that_nothing_is_known_of_stays() -> None:
    album = Album()
    one, two = shot(0, 5, 1), shot(5, 9, 2, build=True)
    images = [album.add(one), album.add(two)]
    line = Line(text="Matrix Basin", left=0.1, top=0.1, width=0.3, height=0.05, confidence=95.0)
    before = listed((), list(zip([one, two], images, strict=True)), {images[0].tenth: (line,)}, "tesseract 5")
    assert [(slide.start_s, slide.end_s, slide.new, slide.title) for slide in before.slides] == [
        (0, 5, True, "Matrix Basin"), (5, 9, False, None)]
    later = shot(7, 12, 3)
    after = listed(before.slides, [(later, album.add(later))], {}, None)
    assert [slide.start_s for slide in after.slides] == [0, 5, 7]
    assert listed(before.slides, [], {}, None).slides == before.slides


@given(st.lists(st.tuples(st.floats(0, 1e5), st.booleans(), st.integers(0, 99)), max_size=6), st.integers(0, 400))
@settings(max_examples=30, deadline=None)
def test_what_was_written_is_read_however_its_writer_died(tmp_path_factory: object, seen: list[tuple[float, bool, int]],
                                                          lost: int) -> None:
    path = Path(tmp_path_factory.mktemp("pictures")) / "file"  # type: ignore[attr-defined]
    records = [live_pictures.record(at_s, key, page(n).tobytes()) for at_s, key, n in seen]
    data = b"".join(records)
    path.write_bytes(data[:max(0, len(data) - lost)])
    found, offset = live_pictures.read(path, 0)
    with path.open("a+b") as file:
        assert live_pictures.whole(file) == offset
        file.truncate(offset)
        file.write(live_pictures.record(1.5, True, page(5).tobytes()))
    assert [(one.at_s, one.key) for one in found] == [(at_s, key) for at_s, key, _ in seen[:len(found)]]
    assert all((one.picture == page(n)).all() for one, (_, _, n) in zip(found, seen, strict=False))
    more, end = live_pictures.read(path, offset)
    assert [(one.at_s, one.key) for one in more] == [(1.5, True)] and end == path.stat().st_size
