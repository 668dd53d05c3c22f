"""What nobody said goes; what people do say, however often, stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from enrich.plausible import Segment, doubtful, plausible, without_loops
from enrich.transcript import Word


def words(text: str, a_second: float = 2) -> tuple[Word, ...]:
    return tuple(Word(text=f" {word}", start_s=i / a_second, end_s=(i + 1) / a_second, probability=1)
                 for i, word in enumerate(text.split()))


def segment(text: str, average_logprob: float = -0.3, no_speech: float = 0.1) -> Segment:
    return Segment(words=words(text), average_logprob=average_logprob, no_speech=no_speech)


def texts(*segments: Segment) -> list[str]:
    return [one.text for one in plausible(segments)]


def test_words_in_silence_go() -> None:
    assert texts(segment("Thank you.", -1.3, 0.9)) == []
    assert texts(segment("A quiet but real sentence.", -0.5, 0.9)) == ["a quiet but real sentence."]
    assert texts(segment("mumbled", -1.4, 0.2)) == ["mumbled"]


def test_a_loop_is_said_once() -> None:
    assert texts(segment("so we get " * 7 + "there")) == ["so we get there"]
    assert texts(*[segment("Bye.")] * 5, segment("Next slide.")) == ["bye.", "next slide."]


def test_people_repeat_themselves() -> None:
    assert texts(segment("no no no that is wrong")) == ["no no no that is wrong"]
    assert texts(segment("Yes."), segment("Yes."), segment("Good.")) == ["yes.", "yes.", "good."]


def test_faster_than_a_mouth_is_doubtful() -> None:
    fast = Segment(words=words("one two three four five six seven", 9), average_logprob=0, no_speech=0)
    assert doubtful(fast)
    (kept,) = plausible([fast])
    assert all(word.unsure for word in kept.words)
    assert not doubtful(segment("one two three four five six seven"))


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_nothing_is_made_up(said: list[str]) -> None:
    spoken = words(" ".join(said))
    kept = without_loops(spoken)
    assert set(kept) <= set(spoken)
    assert list(kept) == sorted(kept, key=lambda word: word.start_s)
    if len(said) < 4:
        assert kept == spoken
