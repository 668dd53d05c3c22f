"""Who watches now, against a count of every viewer in every ten seconds."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from player_api.analytics.kinds import LIVE, NUMBERS, ROBOT, TOO_FAST
from player_api.analytics.live_tail import APART_MS, BIN_MS, WINDOW_MS, Sign, Tail

NOW_MS = 1_795_000_003_700
SINCE_MS = (NOW_MS - WINDOW_MS) // BIN_MS * BIN_MS
PLAY, WATCH, REBUFFER = (NUMBERS[name] for name in ("play", "watch", "rebuffer"))


def watch(who: int | None, t_ms: int, played_ms: int, session: int = 1, *, marks: int = LIVE, rate: int = 1000,
          at_ms: int = 1_000_000, rebuffer_ms: int | None = None, behind_ms: int | None = None) -> Sign:
    return Sign(session, who, WATCH, t_ms, at_ms - played_ms, at_ms, rate, marks, rebuffer_ms, behind_ms)


def arrivals(seed: int) -> list[Sign]:
    """A lecture that people come to, pause, leave and come back to; some with two tabs, some without a name."""
    chance = random.Random(seed)
    found = []
    for person in range(chance.randrange(3, 25)):
        for tab in range(chance.choice([1, 1, 1, 2])):
            t_ms = SINCE_MS + chance.randrange(-100_000, WINDOW_MS)
            session = person * 10 + tab
            who = person if person % 4 else None
            while t_ms < NOW_MS and chance.random() < 0.95:
                t_ms += chance.choice([0, 0, 0, 900, 29_000, 30_000, 30_001, 31_000, 200_000])
                if chance.random() < 0.1:
                    found.append(Sign(session, who, chance.choice([PLAY, REBUFFER]), t_ms, 5, None, None, 0, None, None))
                played_ms = chance.choice([10_000, 10_000, 4321, 17])
                t_ms += played_ms
                found.append(watch(who, t_ms, played_ms * 2, session, rate=2000, rebuffer_ms=chance.choice([None, 700]),
                                   behind_ms=chance.choice([None, 2000, 64_000])))
    chance.shuffle(found)
    return [one for one in found if one.t_ms <= NOW_MS]


def _who(sign: Sign) -> object:
    return sign.learner if sign.learner is not None else ("tab", sign.session)


def oracle(signs: list[Sign]) -> list[tuple[int, int, int]]:
    """(viewers, joined, left) of each bin: of each person the signs in order, stay by stay."""
    people: dict[object, list[tuple[int, int]]] = {}
    for one in signs:
        played_ms = 0 if one.kind != WATCH else (one.b_ms - one.a_ms) * 1000 // one.rate  # type: ignore[operator]
        people.setdefault(_who(one), []).append((one.t_ms - played_ms, one.t_ms))
    counts = [[0, 0, 0] for _ in range(SINCE_MS, NOW_MS + 1, BIN_MS)]
    for its in people.values():
        stays: list[list[int]] = []
        for start, end in sorted(its):
            if stays and start - stays[-1][1] <= APART_MS:
                stays[-1][1] = max(stays[-1][1], end)
            else:
                stays.append([start, end])
        for start, end in stays:
            over = end + APART_MS <= NOW_MS
            for number, line in enumerate(counts):
                first, last = SINCE_MS + number * BIN_MS, SINCE_MS + (number + 1) * BIN_MS
                line[0] += start < last and (not over or end >= first)
                line[1] += first <= start < last
                line[2] += over and first <= end < last
    return [(viewers, joined, left) for viewers, joined, left in counts]


@pytest.mark.parametrize("seed", range(60))
def test_it_counts_as_one_would_by_hand_in_whatever_pieces_events_arrive(seed: int) -> None:
    signs = arrivals(seed)
    tail, chance = Tail(SINCE_MS), random.Random(seed)
    rest = signs
    while rest:
        cut = chance.randrange(1, len(rest) + 1)
        tail.add(rest[:cut])
        tail.shown(NOW_MS, 1)
        rest = rest[cut:]
    _, data = tail.shown(NOW_MS, 1)
    expected = oracle(signs)
    if data is None:
        assert not any(any(line) for line in expected)
        return
    assert [(one["viewers"], one["joined"], one["left"]) for one in data["bins"]] == expected
    for (before, _, left), (viewers, joined, _) in pairwise(expected):
        assert viewers == before - left + joined
    here = {_who(one) for one in signs if one.t_ms > NOW_MS - APART_MS}
    assert (data["now"]["viewers"] if data["now"] else 0) == len(here) == expected[-1][0]
    told = [one for one in signs if one.t_ms >= (NOW_MS // BIN_MS - 5) * BIN_MS]
    played_ms = sum((one.b_ms - one.a_ms) // 2 for one in told if one.kind == WATCH)  # type: ignore[operator]
    waited_ms = sum(one.rebuffer_ms or 0 for one in told)
    if data["now"] and played_ms:
        assert data["now"]["rebuffer_ratio"] == round(waited_ms / (waited_ms + played_ms), 6)
    if data["now"]:
        assert sum(data["now"]["places"]) == len(here & {_who(one) for one in signs if one.kind == WATCH})


def test_as_time_goes_on_what_is_shown_is_that_of_a_tail_begun_later() -> None:
    signs = arrivals(7)
    late = SINCE_MS + 30 * BIN_MS
    one = Tail(SINCE_MS)
    one.add(signs)
    one.forget(late)
    other = Tail(late)
    other.add(each for each in signs if each.t_ms > late - APART_MS)
    assert one.shown(NOW_MS, 1) == other.shown(NOW_MS, 1)


def test_what_can_not_be_somebody_watching_is_no_sign() -> None:
    tail = Tail(SINCE_MS)
    tail.add([watch(1, NOW_MS - 5, 10_000, marks=ROBOT), watch(2, NOW_MS - 5, 10_000, marks=TOO_FAST)])
    assert tail.shown(NOW_MS, 1) == (0, None)


def test_where_viewers_are_and_nothing_of_fewer_than_k() -> None:
    tail = Tail(SINCE_MS)
    t_ms = NOW_MS - 4000
    tail.add([watch(1, t_ms, 10_000, at_ms=598_000, behind_ms=2000), watch(2, t_ms, 10_000, at_ms=597_000, behind_ms=3000),
              watch(3, t_ms, 10_000, at_ms=410_000, behind_ms=190_000), watch(4, t_ms, 10_000, at_ms=20_000)])
    _, data = tail.shown(NOW_MS, 3)
    assert data is not None
    now = data["now"]
    assert (now["viewers"], now["n_behind"], now["behind_p50_s"], now["edge_s"]) == (4, 3, 3.0, 600.0)
    assert [(one["from_s"], one["to_s"], one["viewers"]) for one in now["behind"]] == [
        (0, 30, 2), (30, 120, 0), (120, 600, 1), (600, None, 0)]
    assert now["place_s"] == 11
    assert {place: count for place, count in enumerate(now["places"]) if count} == {1: 1, 37: 1, 54: 2}
    assert {one["viewers"] for one in data["bins"]} == {None, 4}  # nobody was there before: fewer than three
    _, data = tail.shown(NOW_MS, 4)
    assert data is not None and data["now"]["behind"] is data["now"]["behind_p50_s"] is None  # of three it is known
    assert tail.shown(NOW_MS, 5) == (4, None)
