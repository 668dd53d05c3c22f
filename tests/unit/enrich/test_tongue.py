"""In which language a text is, and whether a sentence model may be asked about it."""

from __future__ import annotations

import pytest

from enrich.tongue import OTHER, is_known, may_be_asked_in, reads_as


@pytest.mark.parametrize(("text", "language"), [
    ("What is the slope of a curve, and how do we find it?", "en"),
    ("Was ist die Steigung einer Kurve, und wie finden wir sie?", "de"),
    ("Quelle est la pente d'une courbe, et comment la trouver ?", "fr"),
    ("¿Cuál es la pendiente de una curva y cómo la encontramos?", "es"),
    ("Что такое производная и как мы её находим", "ru"),
    ("机器学习的基础", OTHER), ("सीखने की दर", OTHER), ("gradient descent", None), ("", None), ("42", None),
])
def test_the_commonest_words_tell(text: str, language: str | None) -> None:
    assert reads_as(text) == language


def test_a_passage_is_known_only_when_something_says_so() -> None:
    assert is_known("Gradient descent", "en-GB", {"en"})
    assert not is_known("Gradient descent", None, {"en"})
    assert not is_known("Gradient descent", "de", {"en"})
    assert not is_known("Und das ist die Steigung der Kurve.", "en", {"en"})  # whatever the video says
    assert is_known("Und das ist die Steigung der Kurve.", None, {"en", "de"})
    assert is_known("सीखने की दर", None, ())  # a model for all languages


def test_a_question_is_refused_only_when_it_is_plainly_in_another_language() -> None:
    assert may_be_asked_in("gradient descent", {"en"})
    assert may_be_asked_in("Königsberg bridges", {"en"})
    assert not may_be_asked_in("wie findet man die Steigung", {"en"})
    assert not may_be_asked_in("机器学习", {"en"})
    assert may_be_asked_in("机器学习", ())
