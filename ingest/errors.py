"""Statuses that only the way in needs: the rest is `infra.core.errors`.

The numbers are the ones that tus 1.0.0 asks for; 460 is its own and is in no registry of HTTP.
"""

from __future__ import annotations

from infra.core.errors import LecternError


class BadRequest(LecternError):
    """A header or a form that can not be understood."""

    status = 400


class ConnectionSilent(LecternError):
    """The sender stopped sending; what came before is kept."""

    status = 408
    retryable = True


class WrongVersion(LecternError):
    """Not the version of tus that is spoken here."""

    status = 412


class WrongMediaType(LecternError):
    """The body is not declared as what it must be."""

    status = 415


class Locked(LecternError):
    """Another request is writing to this upload."""

    status = 423
    retryable = True


class ChecksumMismatch(LecternError):
    """The chunk was damaged on the way; none of it is kept."""

    status = 460
    retryable = True
