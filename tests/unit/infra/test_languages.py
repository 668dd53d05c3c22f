"""Language tags of playlists."""

from __future__ import annotations

import pytest

from infra.core.languages import tag


@pytest.mark.parametrize(("said", "meant"), [
    ("eng", "en"), ("ger", "de"), ("deu", "de"), ("en", "en"), ("de-AT", "de-AT"), ("zho-Hant", "zh-Hant"), (None, "und"),
    ("", "und"), ("und", "und"), ("gsw", "gsw"),
])
def test_a_language_has_the_shortest_tag(said: str | None, meant: str) -> None:
    assert tag(said) == meant
