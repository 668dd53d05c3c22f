"""RTMP as bytes: AMF 0, chunks with their times, FLV, what nginx says of a client, and keys in stream ids."""

from __future__ import annotations

import asyncio
import random
import shlex
from pathlib import Path

import pytest

from ingest.live import amf0, flv
from ingest.live.assemble import joined
from ingest.live.guessing import WITHIN_S, WRONG, Guessing
from ingest.live.nginx_conf import Places, configuration, read_call
from ingest.live.rtmp_play import MOST_BYTES, Message, RtmpGone, RtmpPlay
from ingest.live.srt import read_stream_id


class Sink:
    """The way back to a server."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        pass


def read(data: bytes) -> tuple[list[Message], bytes]:
    """All messages of what a server sends, and what is answered."""
    async def run() -> tuple[list[Message], bytes]:
        reader, sink = asyncio.StreamReader(), Sink()
        reader.feed_data(data)
        reader.feed_eof()
        found: list[Message] = []
        try:
            async for message in RtmpPlay(reader, sink).messages():  # type: ignore[arg-type]
                found.append(message)
        except RtmpGone:
            pass  # the end of what it sends
        return found, sink.sent

    return asyncio.run(run())


def chunked(kind: int, at_ms: int, payload: bytes, chunk: int = 128, number: int = 4) -> bytes:
    """A message in chunks, as 5.3.1 says: a full header, then continuations; times beyond 24 bits stand apart, in each."""
    late = at_ms >= 0xFFFFFF
    extra = at_ms.to_bytes(4, "big") if late else b""
    head = min(at_ms, 0xFFFFFF).to_bytes(3, "big") + len(payload).to_bytes(3, "big") + bytes([kind]) + bytes(4)
    pieces = [payload[at:at + chunk] for at in range(0, len(payload), chunk)] or [b""]
    further = bytes([0xC0 | number]) + extra
    return bytes([number]) + head + extra + pieces[0] + b"".join(further + piece for piece in pieces[1:])


def test_values_come_back_from_amf() -> None:
    values = ["connect", 1.0, {"app": "live", "fpad": False, "n": {"m": 2.5}}, None, True]
    assert amf0.decode(amf0.encode(*values)) == values


@pytest.mark.parametrize("wrong", ["00", "02ffff41", "03000161", "0300016108", "11", "020005616263"])
def test_amf_that_breaks_off_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="AMF 0"):
        amf0.decode(bytes.fromhex(wrong))


def test_amf_that_is_too_deep_is_refused() -> None:
    with pytest.raises(ValueError, match="too deep"):
        amf0.decode(b"\x03\x00\x01a" * 1000)


@pytest.mark.parametrize("at_ms", [0, 40, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0xFFFFFFFF])
def test_messages_and_their_times_are_read_whatever_the_hour(at_ms: int) -> None:
    payload = random.Random(at_ms).randbytes(5000)  # the first message, larger than a chunk, beyond 4 h 39 min
    assert read(chunked(9, at_ms, payload))[0] == [Message(9, at_ms, payload)]


def test_times_are_told_as_differences() -> None:
    first = chunked(9, 0xFFFFF0, b"\x17\x01" + b"a" * 10)
    second = bytes([0x44]) + (40).to_bytes(3, "big") + (12).to_bytes(3, "big") + b"\x09" + b"\x27\x01" + b"b" * 10
    third = bytes([0x84]) + (33).to_bytes(3, "big") + b"\x27\x01" + b"c" * 10
    fourth = bytes([0xC4]) + b"\x27\x01" + b"d" * 10  # as much later as the one before
    assert [message.at_ms for message in read(first + second + third + fourth)[0]] == [
        0xFFFFF0, 0xFFFFF0 + 40, 0xFFFFF0 + 73, 0xFFFFF0 + 106]


def test_chunks_of_sound_and_picture_may_alternate() -> None:
    picture = chunked(9, 100, b"\x17\x01" + bytes(200))
    cut = 1 + 11 + 128
    sound = chunked(8, 90, b"\xaf\x01\x00", number=6)
    found, _ = read(picture[:cut] + sound + picture[cut:])
    assert [(message.kind, message.at_ms) for message in found] == [(8, 90), (9, 100)]


def test_the_size_of_chunks_is_followed_and_pings_are_answered() -> None:
    data = chunked(1, 0, (4096).to_bytes(4, "big"), number=2) + chunked(4, 0, bytes.fromhex("000600001234"), number=2) \
        + chunked(9, 5, bytes(3000), chunk=4096)
    found, sent = read(data)
    assert found == [Message(9, 5, bytes(3000))]
    assert sent.endswith(bytes.fromhex("000700001234"))


def test_what_was_received_is_acknowledged() -> None:
    found, sent = read(chunked(5, 0, (1000).to_bytes(4, "big"), number=2) + chunked(9, 0, bytes(5000)))
    assert len(found) == 1 and sent.count(bytes.fromhex("00000403")) >= 8


def test_the_end_of_the_publisher_is_the_end() -> None:
    end = amf0.encode("onStatus", 0.0, None, {"level": "status", "code": "NetStream.Play.UnpublishNotify"})
    found, _ = read(chunked(9, 0, b"\x17\x01") + chunked(20, 0, end, number=5) + chunked(9, 1, b"\x27\x01"))
    assert len(found) == 1


def test_a_message_that_claims_too_much_is_refused() -> None:
    head = bytes([4]) + bytes(3) + (MOST_BYTES + 1).to_bytes(3, "big") + b"\x09" + bytes(4)
    assert read(head + bytes(1000) + chunked(9, 0, b"\x17\x01", number=6))[0] == []


def test_whatever_comes_there_is_an_end() -> None:
    for seed in range(300):
        read(random.Random(seed).randbytes(400))


def test_a_tag_has_its_time_in_32_bits() -> None:
    tag = flv.tag(flv.VIDEO, 0x12345678, b"abc")
    assert tag == bytes.fromhex("09 000003 345678 12 000000") + b"abc" + (14).to_bytes(4, "big")
    assert flv.header(audio=False, video=True)[4] == 1 and flv.header(audio=True, video=True)[4] == 5


@pytest.mark.parametrize(("kind", "payload", "media"), [
    (flv.VIDEO, "1701", True), (flv.VIDEO, "1700", False), (flv.AUDIO, "af01", True), (flv.AUDIO, "af00", False),
    (flv.AUDIO, "2fff", True), (flv.DATA, "0200", False), (flv.VIDEO, "", False)])
def test_what_a_decoder_is_told_first_is_no_media(kind: int, payload: str, media: bool) -> None:
    assert flv.is_media(kind, bytes.fromhex(payload)) is media


def test_a_call_of_nginx_is_understood() -> None:
    call = read_call("app=live&flashver=&tcurl=rtmp://h/live&addr=10.0.0.7&clientid=12&call=publish&name=k%2Dey&type=live")
    assert call and (call.client, call.address, call.name, call.key) == ("12", "10.0.0.7", "k-ey", "k-ey")
    call = read_call("app=live&addr=10.0.0.7&clientid=12&name=x&key=secret")
    assert call and (call.name, call.key) == ("x", "secret")


@pytest.mark.parametrize("body", [
    "", "app=live&name=x", "app=live&clientid=a1&name=x", "app=other&clientid=1&name=x",
    "app=live&clientid=1&clientid=2&name=x", "app=live&clientid=1&name=x&name=y",
    "app=live&addr=1&addr=2&clientid=1&name=x", "app=live&clientid=1&name=x&key=a&key=b"])
def test_a_call_that_a_client_could_have_written_is_not(body: str) -> None:
    assert read_call(body) is None


def test_nginx_asks_and_lets_only_this_machine_play() -> None:
    text = configuration(Places(Path("/m.so"), "::1", 1935, "http://127.0.0.1:9/rtmp/s", Path("/run/x")))
    for line in ("load_module /m.so;", "listen [::1]:1935;", "on_publish http://127.0.0.1:9/rtmp/s/publish;",
                 "on_play http://127.0.0.1:9/rtmp/s/play;", "allow play 127.0.0.1;", "deny play all;", "access_log off;",
                 "listen unix:/run/x/control;"):
        assert line in text
    assert "info" not in text.split("#")[0]


@pytest.mark.parametrize(("stream_id", "key"), [
    ("publish:live/k", "k"), ("publish:k", "k"), ("k", "k"), ("live/k", "k"), ("#!::m=publish,r=live/k", "k"),
    ("#!::r=k,m=publish,u=x", "k"), ("#!::m=request,r=k", ""), ("#!::r=k", ""), ("", ""), ("#!::", "")])
def test_a_stream_id_has_the_key(stream_id: str, key: str) -> None:
    assert read_stream_id(stream_id) == key


def test_who_guesses_is_barred_for_a_while() -> None:
    guessing = Guessing()
    for at in range(WRONG):
        assert not guessing.barred("a", float(at))
        guessing.wrong("a", float(at))
    assert guessing.barred("a", WRONG) and not guessing.barred("b", WRONG)
    assert not guessing.barred("a", WITHIN_S + 1)


def test_pieces_are_joined_whatever_their_names(tmp_path: Path) -> None:
    command = joined(Path("/ffmpeg"), [Path("/a/it's 1.flv"), Path("/a/2.flv")], tmp_path, tmp_path / "whole.mp4", 1 << 30)
    lines = (tmp_path / "pieces").read_text().splitlines()
    assert [shlex.split(line) for line in lines] == [["file", "/a/it's 1.flv"], ["file", "/a/2.flv"]]
    assert command.argv[command.argv.index("-c") + 1] == "copy" and len(command.reads) == 2
