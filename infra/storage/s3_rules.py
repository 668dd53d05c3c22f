"""Rules that a bucket should have: who may upload from a browser, and that abandoned parts are removed.

Rules that somebody else made stay as they are; ours are told by their names.
"""

from __future__ import annotations

import logging
from typing import Any, Literal

from botocore.exceptions import ClientError

from infra.core.errors import LecternError, Unavailable
from infra.storage.s3_bucket import Bucket, code_of

log = logging.getLogger(__name__)

ABANDONED_DAYS = 8  # an upload is forgotten after 7
_CORS = "lectern-uploads"
_LIFECYCLE = "lectern-abandoned-parts"

# "there": the rule is in force; "missing": it can be set; "unsupported": the store has no such thing;
# "denied": the keys may not do it.
State = Literal["there", "missing", "unsupported", "denied"]


def prepare(bucket: Bucket, origins: str) -> None:
    """Set what is missing. What the store does not know or forbid is logged and left to `lectern doctor`."""
    for name, done in (("abandoned parts", ensure_lifecycle(bucket)), ("browser uploads", ensure_cors(bucket, origins))):
        if done != "there":
            log.warning("The bucket %s has no rule for %s (%s): see lectern doctor", bucket.name, name, done)


def ensure_lifecycle(bucket: Bucket, *, change: bool = True) -> State:
    """Parts of uploads that were neither completed nor aborted go after 8 days. Raises Unavailable."""
    wanted = {"ID": _LIFECYCLE, "Status": "Enabled", "Filter": {"Prefix": bucket.address.prefix},
              "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS}}

    def put(rules: list[Any]) -> None:
        bucket.client.put_bucket_lifecycle_configuration(
            Bucket=bucket.name, LifecycleConfiguration={"Rules": rules})

    return _ensure(bucket, lambda: bucket.client.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"],
                   put, wanted, ("Status", "AbortIncompleteMultipartUpload"), change)


def ensure_cors(bucket: Bucket, origins: str, *, change: bool = True) -> State:
    """Pages of these origins (comma between several) may PUT parts and read their ETag. Raises Unavailable."""
    wanted = {"ID": _CORS, "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"],
              "AllowedOrigins": [origin.strip().rstrip("/") for origin in origins.split(",") if origin.strip()],
              "MaxAgeSeconds": 3600}

    def put(rules: list[Any]) -> None:
        bucket.client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": rules})

    return _ensure(bucket, lambda: bucket.client.get_bucket_cors(Bucket=bucket.name)["CORSRules"], put, wanted,
                   ("AllowedOrigins", "AllowedMethods"), change)


def _ensure(bucket: Bucket, get: Any, put: Any, wanted: dict[str, Any], compared: tuple[str, ...],
            change: bool) -> State:
    try:
        with bucket.errors():
            try:
                rules = list(get())
            except ClientError as error:
                if code_of(error)[0] not in ("NoSuchLifecycleConfiguration", "NoSuchCORSConfiguration"):
                    raise
                rules = []
            there = [rule for rule in rules if rule.get("ID") == wanted["ID"]]
            if there and all(_plain(there[0].get(name)) == _plain(wanted[name]) for name in compared):
                return "there"
            if not change:
                return "missing"
            put([rule for rule in rules if rule.get("ID") != wanted["ID"]] + [wanted])
            return "there"
    except Unavailable:
        raise
    except LecternError as error:
        if error.code in ("s3_denied", "s3_keys"):
            return "denied"
        if error.code in ("s3_bucket", "s3_clock"):
            raise
        return "unsupported"


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
