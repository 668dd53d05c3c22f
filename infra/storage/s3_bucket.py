"""A bucket: its address, the connection to it, and what its errors mean.

    s3://BUCKET/optional/prefix?endpoint=https://s3.example.org&region=us-east-1

Every request is signed together with the hash of its body, so that a store refuses a body that was damaged on the
way. Checksums beyond that (which not every store knows) are not sent.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import urllib3.exceptions
from botocore import exceptions
from botocore.config import Config

from infra.core.errors import ConfigError, Conflict, LecternError, NotFound, OutOfSpace, Rejected, Unavailable
from infra.core.settings import Settings
from infra.storage.durable import check_key

EXAMPLE = "s3://BUCKET/optional/prefix?endpoint=https://s3.example.org&region=us-east-1"
CONNECTIONS = 64  # more than a web process has threads
CONNECT_S = 3.0
SILENCE_S = 30.0
ATTEMPTS = 3  # of one request, with pauses of at most 1 and 2 seconds
LONGEST_URL_S = 7 * 86400  # of a signature of version 4

_ABSENT = {"NoSuchKey", "NoSuchUpload", "NoSuchVersion", "404", "NotFound"}
_KEYS = {"SignatureDoesNotMatch", "InvalidAccessKeyId", "AuthorizationHeaderMalformed", "InvalidToken", "ExpiredToken"}
_FULL = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "InsufficientCapacity", "StorageFull"}
_LATER = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "RequestLimitExceeded",
          "ThrottlingException", "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"}
# urllib3's and botocore's: the body of an answer is read by either.
_BROKEN = (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.ReadTimeoutError,
           exceptions.ResponseStreamingError, exceptions.IncompleteReadError, urllib3.exceptions.HTTPError,
           ConnectionError, TimeoutError)


@dataclass(frozen=True, slots=True)
class S3Address:
    """Where objects lie. `prefix` is empty or ends with a slash; an empty `endpoint` is Amazon's."""

    bucket: str
    prefix: str
    endpoint: str
    region: str

    @classmethod
    def parse(cls, url: str) -> S3Address:
        """Raises ConfigError with an example."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        endpoint = query.pop("endpoint", "").rstrip("/")
        region = query.pop("region", "") or "us-east-1"
        prefix = parts.path.strip("/")
        if parts.scheme != "s3" or not parts.netloc or parts.fragment:
            raise _bad_url("it does not name a bucket")
        if "@" in parts.netloc or ":" in parts.netloc:
            raise _bad_url("keys and ports do not belong there (LECTERN_S3_ACCESS_KEY, LECTERN_S3_SECRET_KEY, endpoint=)")
        if query:
            raise _bad_url(f"{next(iter(query))!r} is not known there")
        if endpoint and not _is_web_address(endpoint):
            raise _bad_url("the endpoint begins with http:// or https:// and is a host")
        try:
            prefix = check_key(prefix) + "/" if prefix else ""
        except Rejected:
            raise _bad_url("its prefix can not be used") from None
        return cls(parts.netloc, prefix, endpoint, region)


class Bucket:
    """The connection, shared by all threads. Creating it sends nothing."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError."""
        self.address = S3Address.parse(settings.storage_url)
        self.name = self.address.bucket
        if settings.s3_public_endpoint and not _is_web_address(settings.s3_public_endpoint):
            raise ConfigError("s3_public_endpoint", "LECTERN_S3_PUBLIC_ENDPOINT must be an address like "
                              "https://media.example.org.")
        self.client = self._connect(settings, self.address.endpoint)
        public = settings.s3_public_endpoint.rstrip("/")
        self.public_client = self._connect(settings, public) if public else self.client

    def key(self, key: str) -> str:
        """The object's name in the bucket. Raises Rejected."""
        return self.address.prefix + check_key(key)

    def local_name(self, key: str) -> str:
        """The object's name among those of all buckets."""
        return f"{self.address.endpoint}/{self.name}/{self.key(key)}"

    def presign(self, call: str, expires_s: float, **parameters: Any) -> str:
        """An address, at the public endpoint, that allows this one call without keys."""
        expires = max(1, min(int(expires_s), LONGEST_URL_S))
        with self.errors():
            return str(self.public_client.generate_presigned_url(
                call, Params={"Bucket": self.name, **parameters}, ExpiresIn=expires))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Says what botocore's errors mean. Raises NotFound, Unavailable, OutOfSpace, Rejected, Conflict, ConfigError."""
        try:
            yield
        except exceptions.ClientError as error:
            raise self._meaning(error) from error
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.TokenRetrievalError) as error:
            raise ConfigError("s3_keys", "There are no keys for the object store: set LECTERN_S3_ACCESS_KEY and "
                              "LECTERN_S3_SECRET_KEY.") from error
        except (exceptions.ParamValidationError, exceptions.InvalidRegionError) as error:
            raise ConfigError("storage_url", f"LECTERN_STORAGE_URL can not be used: {error}") from error
        except exceptions.SSLError as error:
            raise ConfigError("s3_tls", f"The certificate of {self.address.endpoint} is not trusted here: add its "
                              "authority to the system's, or name its file in AWS_CA_BUNDLE.") from error
        except _BROKEN as error:
            raise self.unavailable() from error

    def unavailable(self) -> Unavailable:
        """The store does not answer."""
        return Unavailable("storage_unavailable", f"The object store at {self.address.endpoint or 'Amazon S3'} does not "
                           "answer now. This goes on by itself when it is back.")

    def _connect(self, settings: Settings, endpoint: str) -> Any:
        config = Config(
            signature_version="s3v4", connect_timeout=CONNECT_S, read_timeout=SILENCE_S,
            max_pool_connections=CONNECTIONS, tcp_keepalive=True,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            # Path style: no wildcard name or certificate is needed. Amazon's own buckets keep working with it.
            s3={"addressing_style": "path", "payload_signing_enabled": True},
            request_checksum_calculation="when_required", response_checksum_validation="when_required")
        session = boto3.session.Session()  # not the process-wide default one
        client = session.client(
            "s3", endpoint_url=endpoint or None, region_name=self.address.region,
            aws_access_key_id=settings.s3_access_key.get_secret_value() or None,
            aws_secret_access_key=settings.s3_secret_key.get_secret_value() or None, config=config)
        client.meta.events.register("before-sign.s3.DeleteObjects", _add_md5)
        return client

    def _meaning(self, error: exceptions.ClientError) -> LecternError:
        said = error.response.get("Error", {})
        code, status = str(said.get("Code", "")), int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        where = f"the bucket {self.name!r} at {self.address.endpoint or 'Amazon S3'}"
        if code == "NoSuchBucket":
            return ConfigError("s3_bucket", f"There is no {where[4:]}: create it, or correct LECTERN_STORAGE_URL.")
        if code in _ABSENT:
            return NotFound()
        if code in _FULL or status == 507:
            return OutOfSpace("storage_full", "The object store takes no more: its quota or its disks are full. "
                              "Free some space there or raise the quota.")
        if code == "RequestTimeTooSkewed":
            return ConfigError("s3_clock", "The clocks of this machine and of the object store differ by more than the "
                               "store allows: let both follow a time server (NTP).")
        if code in _KEYS or (status in (401, 403) and code != "AccessDenied"):
            return ConfigError("s3_keys", f"The object store does not accept the keys for {where}: correct "
                               "LECTERN_S3_ACCESS_KEY and LECTERN_S3_SECRET_KEY.")
        if code == "AccessDenied":
            return ConfigError("s3_denied", f"The keys may not use {where}: allow ListBucket, GetObject, PutObject, "
                               "DeleteObject and AbortMultipartUpload.")
        if (status >= 500 and status != 501) or status == 429 or code in _LATER:
            return self.unavailable()
        if code in ("KeyTooLongError", "InvalidObjectName"):
            return Rejected("bad_key", "That is not the name of anything stored here.")
        if status in (409, 412):
            return Conflict("storage_conflict", "The object changed while it was being used. Try again.", retryable=True)
        return ConfigError("s3_request", f"The object store refuses a request for {where}: "
                           f"{code or status} {said.get('Message') or ''}".rstrip() + ".")


def code_of(error: exceptions.ClientError) -> tuple[str, int]:
    """The store's name of the error, and the HTTP status."""
    return (str(error.response.get("Error", {}).get("Code", "")),
            int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)))


def _add_md5(request: Any, **_: Any) -> None:
    # Some stores know no other checksum here than the one that the first version of the API asked for.
    digest = hashlib.md5(request.body if isinstance(request.body, bytes) else b"", usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()


def _is_web_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0 and not parts.query
    except ValueError:
        return False


def _bad_url(why: str) -> ConfigError:
    return ConfigError("storage_url", f"LECTERN_STORAGE_URL can not be used: {why}. Example: {EXAMPLE}")
