"""How a part of a recording is written on the command line."""

from __future__ import annotations

import pytest
import typer

from infra.runtime.trim_option import Part, part


@pytest.mark.parametrize(("text", "means"), [
    ("300-3300.5", Part(300, 3300.5)), ("5:00-55:00.5", Part(300, 3300.5)), ("1:05:00-", Part(3900, None)),
    ("-55:00", Part(0, 3300)), ("75:00 - 1:16:00", Part(4500, 4560)), ("0-0", Part(0, 0)), ("59:59-", Part(3599, None))])
def test_parts(text: str, means: Part) -> None:
    assert part(text) == means


@pytest.mark.parametrize("text", ["", "-", "5", "a-b", "5:70-6:00", "6:00-5:", "1:60:00-", "1:00:60-", "-5-9", "1-2-3",
                                  "0x3-4", "1:1:1:1-", "5.5:00-", "nan-", "1e3-"])
def test_what_is_none_says_how_to_write_one(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="300-3300"):
        part(text)
