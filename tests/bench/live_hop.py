"""How much later than at the encoder's own output a picture is here, by way of nginx and our player.

    python -m tests.bench.live_hop

An encoder writes each packet to a pipe and to RTMP at the same moment; both are read, and packets of the same time compared.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from infra.core.live import Ended, LiveSession, LiveSource
from infra.core.settings import Settings
from infra.db.migrate import upgrade
from infra.db.models import Organization
from infra.db.session import Database, url_of
from tests.contracts.live_publishing import KeepingPackager, publisher_tool, site_of

SECONDS = 20
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30", "-f", "lavfi", "-i", "sine=r=48000", "-c:v", "libx264",
           "-preset", "ultrafast", "-tune", "zerolatency", "-g", "60", "-pix_fmt", "yuv420p", "-b:v", "2600k", "-c:a", "aac")


class Clock:
    """When each video tag of an FLV stream arrived, by its time."""

    def __init__(self) -> None:
        self.arrived: dict[int, float] = {}
        self._held = b""

    def feed(self, data: bytes) -> None:
        at, held = time.perf_counter(), self._held + data
        while len(held) >= 15:
            if held[:3] == b"FLV":
                held = held[13:]
                continue
            size = int.from_bytes(held[1:4], "big") + 15
            if len(held) < size:
                break
            if held[0] == 9 and held[12] == 1:
                self.arrived.setdefault(int.from_bytes(held[7:8] + held[4:7], "big"), at)
            held = held[size:]
        self._held = held


class TimingPackager(KeepingPackager):
    """Only looks at the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()

    async def run_session(self, session: LiveSession, source: LiveSource, *, resume: bool = False) -> Ended:
        async for chunk in source.chunks:
            self.clock.feed(chunk)
        return Ended()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url_of(Settings(data=Path(folder))))
        upgrade(database)
        with database.write() as session:
            session.add(Organization(id="a", name="a", created_at=0.0))
        async with site_of("rtmp", database, Path(folder)) as site:
            packager = TimingPackager()
            site.desk._packager = packager
            _, key = site.stream()
            encoder = await asyncio.create_subprocess_exec(
                publisher_tool("rtmp"), "-v", "error", "-re", *PICTURE, "-t", str(SECONDS), "-flags", "+global_header",
                "-map", "0", "-map", "1", "-f", "tee", f"[f=flv:flush_packets=1]pipe\\:1|[f=flv]rtmp://127.0.0.1:{site.port}/live/{key}",
                stdout=asyncio.subprocess.PIPE)
            direct = Clock()
            assert encoder.stdout is not None
            while data := await encoder.stdout.read(1 << 16):
                direct.feed(data)
            await asyncio.sleep(1)
            first = min(packager.clock.arrived)
            late_ms = sorted(1000 * (packager.clock.arrived[at] - direct.arrived[at])
                             for at in packager.clock.arrived if at in direct.arrived)
            print(f"{len(late_ms)} pictures of {SECONDS} s; the first one here is that of {first} ms")
            print(f"later than the encoder's pipe: median {statistics.median(late_ms):.1f} ms, "
                  f"95 % {late_ms[int(0.95 * len(late_ms))]:.1f} ms, most {late_ms[-1]:.1f} ms")


if __name__ == "__main__":
    asyncio.run(main())
