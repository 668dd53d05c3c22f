"""The headers of tus 1.0.0, parsed strictly: what is not understood is refused, not guessed."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping

from ingest.errors import BadRequest
from ingest.intake import Checksum

# sha1 is the one that every server with this extension must know (checksum extension).
ALGORITHMS: dict[str, Callable[[], hashlib._Hash]] = {
    "sha256": hashlib.sha256,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "md5": lambda: hashlib.md5(usedforsecurity=False),
}
MOST_BYTES = 1 << 62  # fits the database's integers


def parse_metadata(header: str | None) -> dict[str, str]:
    """Upload-Metadata: pairs of a key and a Base64 value, separated by commas; a value may be missing.

    Values must be UTF-8 without NUL (no database stores that as text). Raises BadRequest.
    """
    metadata: dict[str, str] = {}
    for pair in (header or "").split(","):
        if not pair.strip():
            if header and header.strip():
                raise _bad_metadata("a pair is empty")
            continue
        key, _, encoded = pair.strip().partition(" ")
        if key in metadata:  # creation: "all keys MUST be unique"
            raise _bad_metadata(f"the key {key[:100]!r} is there twice")
        try:
            value = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise _bad_metadata(f"the value of {key[:100]!r} is not UTF-8 text in Base64") from error
        if "\0" in value:
            raise _bad_metadata(f"the value of {key[:100]!r} holds a NUL character")
        metadata[key] = value
    return metadata


def format_metadata(metadata: Mapping[str, str]) -> str:
    """The inverse of `parse_metadata`."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}".rstrip() for key, value in metadata.items())


def parse_checksum(header: str | None) -> Checksum | None:
    """Upload-Checksum: an algorithm and the Base64 hash of this request's body. Raises BadRequest."""
    if header is None:
        return None
    name, _, encoded = header.strip().partition(" ")
    algorithm = ALGORITHMS.get(name.lower())
    if algorithm is None:
        raise BadRequest("checksum_algorithm_unknown", f"Upload-Checksum can be one of {', '.join(ALGORITHMS)}.")
    hasher = algorithm()
    try:
        expected = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("bad_checksum_header", "The value of Upload-Checksum is not Base64.") from error
    if len(expected) != hasher.digest_size:
        raise BadRequest("bad_checksum_header", f"A {name} hash has {hasher.digest_size} bytes, "
                                                f"Upload-Checksum holds {len(expected)}.")
    return Checksum(hasher, expected)


def parse_bytes(name: str, header: str | None) -> int | None:
    """A number of bytes: digits only, no sign, no spaces inside. Raises BadRequest."""
    if header is None:
        return None
    text = header.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > MOST_BYTES:
        raise BadRequest("bad_header", f"{name} must be a whole number of bytes, not {text[:40]!r}.")
    return int(text)


def parse_parts(header: str) -> list[str]:
    """The ids in `Upload-Concat: final;URL URL ...`; a URL may be absolute or a path. Raises BadRequest."""
    kind, _, urls = header.partition(";")
    parts = [url.partition("?")[0].rstrip("/").rpartition("/")[2] for url in urls.split()]
    if kind.strip() != "final" or not parts:
        raise BadRequest("bad_concat_header", 'Upload-Concat is "partial" or "final;" and the URLs of the parts.')
    return parts


def _bad_metadata(why: str) -> BadRequest:
    return BadRequest("bad_metadata", f"Upload-Metadata can not be read: {why}.")
