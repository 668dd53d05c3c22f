"""The rules by their numbers, and what running them gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


class NotApplicableError(Exception):
    """The package has nothing that the rule speaks of; the message says what."""


@dataclass(frozen=True)
class Rule:
    """One rule of a standard."""

    id: str
    level: str  # MUST or SHOULD
    title: str
    check: Callable[[Any], Iterable[str]]
    scope: str  # hls, dash (both on a package) or http (on a running service)

    @property
    def source(self) -> str:
        """Where its number comes from."""
        if self.id[0] == "R":
            return "RFC 8216bis"
        return {"D": "DASH", "C": "CMAF", "X": "CTA-5005", "H": "HTTP"}.get(self.id[0], "Apple HLS authoring")


@dataclass(frozen=True)
class Outcome:
    """What a rule said of a package."""

    rule: Rule
    problems: tuple[str, ...] = ()
    not_applicable: str = ""

    @property
    def word(self) -> str:
        return "fail" if self.problems else "not applicable" if self.not_applicable else "pass"

    def lines(self) -> list[str]:
        return [f"{self.rule.id} {self.rule.level}: {problem} ({self.rule.title})" for problem in self.problems]


RULES: dict[str, Rule] = {}


def rule(number: str, level: str, title: str, scope: str = "hls") -> Callable[[Any], Any]:
    """Enter a check in the list. It yields a sentence for each thing that is wrong, or raises NotApplicableError."""
    def enter(check: Callable[[Any], Iterable[str]]) -> Callable[[Any], Iterable[str]]:
        assert number not in RULES and level in ("MUST", "SHOULD")
        RULES[number] = Rule(number, level, title, check, scope)
        return check
    return enter


def need(condition: object, otherwise: str) -> None:
    """Raises NotApplicableError(otherwise) unless the condition holds."""
    if not condition:
        raise NotApplicableError(otherwise)


def run(subject: Any, scopes: Iterable[str] = ("hls", "dash")) -> dict[str, Outcome]:
    """Every rule of these scopes on a package (scope http: on an HTTP client's view of one)."""
    outcomes = {}
    for one in RULES.values():
        if one.scope in scopes:
            try:
                outcomes[one.id] = Outcome(one, tuple(one.check(subject)))
            except NotApplicableError as reason:
                outcomes[one.id] = Outcome(one, (), str(reason))
    return outcomes


def failing(outcomes: dict[str, Outcome]) -> set[str]:
    """The numbers of the rules that are broken."""
    return {number for number, outcome in outcomes.items() if outcome.problems}
