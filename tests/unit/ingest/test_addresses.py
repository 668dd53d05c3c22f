from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from infra.core.errors import Rejected
from ingest.addresses import VettedTransport, allowed, vet

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1",
    "192.0.2.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fc00::1", "fdff::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "2001::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "4000::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_other_addresses_are_not(address: str) -> None:
    assert not allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1", "0", "::1",
                                  "::ffff:7f00:1", "localhost"])
def test_spellings_of_loopback_are_refused_by_what_would_be_dialled(host: str) -> None:
    with pytest.raises(Rejected) as refusal:
        vet(host, 80, private_too=False)
    assert refusal.value.code == "url_not_allowed"


def test_one_private_answer_spoils_the_name() -> None:
    with pytest.raises(Rejected):
        vet("both.example", 80, private_too=False, resolver=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    assert vet("x.example", 80, private_too=True, resolver=lambda host, port: ["10.0.0.1"]) == ["10.0.0.1"]


def test_unknown_name() -> None:
    def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")
    with pytest.raises(Rejected) as refusal:
        vet("nowhere.example", 80, private_too=False, resolver=fail)
    assert (refusal.value.code, refusal.value.retryable) == ("url_unreachable", True)


@contextmanager
def one_answer(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server on loopback that gives one answer per connection; its port and the requests it saw."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(65536))
                    connection.sendall(answer)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], seen
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_the_vetted_address_is_dialled_and_the_host_kept() -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]
    with one_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (port, seen), \
            httpx.Client(transport=VettedTransport(private_too=True, resolver=resolver)) as client:
        assert client.get(f"http://lectures.example:{port}/a?b").text == "ok"
    assert asked == ["lectures.example"]
    assert seen[0].startswith(b"GET /a?b HTTP/1.1\r\n")
    assert f"host: lectures.example:{port}".encode() in seen[0].lower()


def test_next_address_is_tried_when_the_first_one_is_dead() -> None:
    with one_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (port, _), \
            httpx.Client(transport=VettedTransport(
                private_too=True, resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])) as client:
        assert client.get(f"http://x.example:{port}/").text == "ok"


def test_name_that_answers_private_the_second_time_is_never_dialled_there() -> None:
    """A redirect to the same name is resolved and judged anew."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]

    class Transport(VettedTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self._private_too = len(answers) == 2  # the test's own server is private, too
            return super().handle_request(request)
    with one_answer(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n") as (port, seen), \
            httpx.Client(transport=Transport(private_too=False, resolver=lambda host, port: answers.pop(0)),
                         follow_redirects=True) as client, pytest.raises(Rejected) as refusal:
        client.get(f"http://x.example:{port}/")
    assert refusal.value.code == "url_not_allowed"
    assert len(seen) == 1
