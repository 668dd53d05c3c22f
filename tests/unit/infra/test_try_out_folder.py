"""What admission writes while it tries a source out lies where the sweeper looks when its process was killed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra import owner
from infra.core.settings import Settings
from player_api import admission


def test_it_lies_in_the_work_folder_of_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def make_inits(plan: Any, names: Any, source: Any, work: Path, *rest: Any, **more: Any) -> dict[str, bytes]:
        assert work.is_dir()
        seen.append(work)
        return {}

    monkeypatch.setattr(admission, "make_inits", make_inits)
    nothing: Any = None
    empty: Any = SimpleNamespace(renditions=(), codecs=("h264",))
    admission.try_out(empty, nothing, tmp_path, Settings(data=tmp_path), nothing, nothing)
    assert [work.parent for work in seen] == [tmp_path / "work" / owner.this_process()]
    assert not seen[0].exists()
