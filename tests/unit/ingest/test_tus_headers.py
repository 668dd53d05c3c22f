from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadRequest, ChecksumMismatch
from ingest.tus_headers import format_metadata, parse_bytes, parse_checksum, parse_metadata, parse_parts


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(("header", "expected"), [
    pytest.param(None, {}, id="absent"),
    pytest.param("", {}, id="empty"),
    pytest.param("filename eC5tcDQ=", {"filename": "x.mp4"}, id="one pair"),
    pytest.param("a YQ==,b Yg==", {"a": "a", "b": "b"}, id="two pairs"),
    pytest.param("a YQ== , b Yg==", {"a": "a", "b": "b"}, id="spaces around commas"),
    pytest.param("secret", {"secret": ""}, id="key without value"),
    pytest.param("secret ,a YQ==", {"secret": "", "a": "a"}, id="key and a space"),
    pytest.param(f"title {b64('Größe 🎓'.encode())}", {"title": "Größe 🎓"}, id="not ASCII"),
    pytest.param(f"filename {b64(b'../../x')}", {"filename": "../../x"}, id="kept as a label"),
])
def test_metadata(header: str | None, expected: dict[str, str]) -> None:
    assert parse_metadata(header) == expected


@pytest.mark.parametrize("header", [
    "a ???", "a YQ", "a YQ== x", "a YQ==,a YQ==", "a YQ==,,b Yg==", ",", f"a {b64(bytes([255]))}",
    f"a {b64(b'x' + bytes(1))}", f"a {b64(bytes([0xED, 0xA0, 0x80]))}",
])
def test_bad_metadata(header: str) -> None:
    with pytest.raises(BadRequest):
        parse_metadata(header)


@given(st.dictionaries(st.from_regex(r"[!-+\--~]{1,20}", fullmatch=True),
                       st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_metadata_survives_the_round_trip(metadata: dict[str, str]) -> None:
    assert parse_metadata(format_metadata(metadata)) == metadata


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5", "SHA256"])
def test_checksum(algorithm: str) -> None:
    header = f"{algorithm} {b64(hashlib.new(algorithm, b'hello').digest())}"
    good = parse_checksum(header)
    assert good is not None
    good.take(b"hel")
    good.take(b"lo")
    good.verify()
    bad = parse_checksum(header)
    assert bad is not None
    bad.take(b"hell0")
    with pytest.raises(ChecksumMismatch):
        bad.verify()


@pytest.mark.parametrize("header", ["", "sha256", "sha256 ???", "sha256 YQ==", "crc32 YQ==", "YQ=="])
def test_bad_checksum_header(header: str) -> None:
    with pytest.raises(BadRequest):
        parse_checksum(header)


def test_no_checksum() -> None:
    assert parse_checksum(None) is None


@pytest.mark.parametrize(("header", "expected"), [(None, None), ("0", 0), (" 12 ", 12), (str(1 << 62), 1 << 62)])
def test_bytes(header: str | None, expected: int | None) -> None:
    assert parse_bytes("Upload-Length", header) == expected


@pytest.mark.parametrize("header", ["", "-1", "+1", "1.0", "1e3", "0x10", "1_0", "٣", "²",
                                    str((1 << 62) + 1), "9" * 5000])
def test_bad_bytes(header: str) -> None:
    with pytest.raises(BadRequest):
        parse_bytes("Upload-Length", header)


def test_parts() -> None:
    assert parse_parts("final;/api/v1/uploads/u_1 https://x.example/uploads/u_2/?a=b") == ["u_1", "u_2"]


@pytest.mark.parametrize("header", ["final", "final;", "final; ", "other;/u_1", ""])
def test_bad_parts(header: str) -> None:
    with pytest.raises(BadRequest):
        parse_parts(header)
