"""Whether somebody edited what is there now: the If-Match header of what is kept in numbered revisions."""

from __future__ import annotations


def names_revision(if_match: str | None, last: int) -> bool:
    """Whether the header names the newest revision, in quotes or bare; who sends none wants to save whatever is there."""
    return if_match is None or if_match.strip() in (f'"{last}"', str(last))
