"""Every error that Lectern shows to somebody, with a code that never changes its meaning.

    LecternError
    ├── Rejected            what was sent can not become a video (422, a retry can not help)
    ├── NotFound            no such thing in this organization (404)
    ├── Conflict            it is not in a state that allows this (409)
    ├── Unauthorized        no key, or a wrong one (401)
    ├── Forbidden           the key lacks the scope (403)
    ├── TooLarge            over a limit that the answer names (413)
    ├── Unavailable         not now: try again (503)
    ├── OutOfSpace          the disk is full (507)
    ├── StepFailed          a piece of work failed; says whether a retry can help
    └── ConfigError         the installation is wrong; says how to mend it (exit code 78)

A message is one or two sentences for the person who reads it: what happened and what to do.
"""

from __future__ import annotations

from typing import ClassVar


class LecternError(Exception):
    """Base of all expected failures. `code` is for machines, `message` for people."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    retryable: bool = False

    def __init__(self, code: str, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with two arguments do not survive pickling by themselves, and workers may pickle.
        return (type(self), (self.code, self.message), {"retryable": self.retryable})


class Rejected(LecternError):
    """The bytes or the request can not be accepted; sending the same again gives the same answer."""

    status = 422
    exit_code = 65  # EX_DATAERR of sysexits.h


class NotFound(LecternError):
    """Nothing of that name in this organization. Another organization's object is this, too."""

    status = 404
    exit_code = 66

    def __init__(self, code: str = "not_found", message: str = "There is nothing here by that name.",
                 *, retryable: bool | None = None) -> None:
        super().__init__(code, message, retryable=retryable)


class Conflict(LecternError):
    """The object is not in a state that allows this."""

    status = 409


class Unauthorized(LecternError):
    """No key, or one that is not known."""

    status = 401
    exit_code = 77


class Forbidden(LecternError):
    """The key is good but lacks the scope."""

    status = 403
    exit_code = 77


class TooLarge(LecternError):
    """Over a limit; the message names the limit."""

    status = 413


class Unavailable(LecternError):
    """Not now. The same request can succeed later."""

    status = 503
    exit_code = 69
    retryable = True


class OutOfSpace(LecternError):
    """The disk (or the quota) is full. Nothing was half-published."""

    status = 507
    exit_code = 74
    retryable = True


class StepFailed(LecternError):
    """A step of a video failed. Stored in its row with the same code and message."""


class ConfigError(LecternError):
    """The installation lacks something; the message is the way out."""

    exit_code = 78
