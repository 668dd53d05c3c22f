"""Which tracks are brought to one loudness, and what stays where it was when that is known."""

from __future__ import annotations

import pytest
from media_infos import ENCODER, audio, source, video

from infra.core.keys import PlanKeys
from transcode import dash, playlists
from transcode.normalization import TARGET_LUFS, gain_db, normalized
from transcode.plan import Plan, plan


@pytest.mark.parametrize(("lufs", "gain"), [
    (None, 0), (-16.0, 0), (-16.4, 0), (-15.6, 0), (-20.0, 4.0), (-9.27, -6.7), (-35.0, 19.0), (-65.0, 24.0),
])
def test_the_gain_of_a_track(lufs: float | None, gain: float) -> None:
    assert gain_db(lufs) == gain
    assert TARGET_LUFS == -16


INFO = source("mov", video(), audio(index=1, language="eng"), audio(index=2, language="fre", channels=6))
BEFORE = plan(INFO, ENCODER)
AFTER = normalized(BEFORE, INFO, {"aac": 4.0, "aac-2": 0, "aac-2-51": -2.5})


def test_only_tracks_that_are_off_are_replaced() -> None:
    assert [track.name for track in BEFORE.audio] == ["aac", "aac-2", "aac-2-51"]
    assert [(track.name, track.gain_db) for track in AFTER.audio] == [("aac-norm", 4), ("aac-2", 0), ("aac-2-51-norm", -2.5)]
    assert [track.label for track in AFTER.audio] == [track.label for track in BEFORE.audio]
    assert all(track.copy_nth is None for track in AFTER.audio if track.gain_db)
    assert AFTER.video == BEFORE.video
    assert normalized(BEFORE, INFO, {}) == BEFORE
    assert Plan.model_validate(AFTER.model_dump(mode="json")) == AFTER


def test_players_that_began_with_what_was_replaced_still_get_it() -> None:
    for track in BEFORE.audio:
        assert AFTER.rendition(track.name) == track
        assert playlists.media(AFTER, track) == playlists.media(BEFORE, track)
    keys = PlanKeys.of("org", "video", BEFORE.id)
    assert keys.cell("aac", 0) != keys.cell("aac-norm", 0)


def test_manifests_list_what_it_is_now() -> None:
    for text in (playlists.multivariant(AFTER, ["h264"], {}), dash.mpd(AFTER, {})):
        assert '"aac-norm' in text
        assert '"aac-2' in text
        assert '"aac"' not in text
        assert '"aac/' not in text
