"""Players that send events as fast as they are answered, in a process of their own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from typing import Any


def body(token: str, playback_id: str, events: int, duration_s: int) -> bytes:
    """A batch of `events` of a new session."""
    t = time.time_ns() // 1_000_000
    session = str(uuid.uuid4())
    high = uuid.uuid4().int >> 32 << 32
    return json.dumps({
        "v": 1, "sent_at": t, "token": token, "video": playback_id, "session": session, "viewer": session,
        "events": [{"id": str(uuid.UUID(int=high + seq)), "seq": seq, "type": "watch", "t": t + seq * 10_000,
                    "from": seq * 10_000 % (duration_s * 1000), "to": seq * 10_000 % (duration_s * 1000) + 10_000, "rate": 1,
                    "bitrate": 1_200_000, "height": 720} for seq in range(events)]}).encode()


async def _client(host: str, port: int, bodies: list[bytes], took_s: list[float]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    while bodies:
        sent = bodies.pop()
        begun_s = time.perf_counter()
        writer.write(b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
                     % len(sent) + sent)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 202"), head
        took_s.append(time.perf_counter() - begun_s)
    writer.close()


async def main(given: dict[str, Any]) -> None:
    """Make the requests, wait for a line on stdin, send them; print how long all of it and each answer took."""
    count = given["requests"]
    videos = given["videos"]
    bodies = [body(*videos[number % len(videos)], given["events"], given["duration_s"]) for number in range(count)]
    print("made", flush=True)
    sys.stdin.readline()
    took_s: list[float] = []
    begun_s = time.perf_counter()
    await asyncio.gather(*(_client(given["host"], given["port"], bodies, took_s) for _ in range(given["connections"])))
    took_s.sort()
    print(json.dumps({"wall_s": time.perf_counter() - begun_s, "p50_ms": took_s[count // 2] * 1000,
                      "p99_ms": took_s[count * 99 // 100] * 1000}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
