"""Local copies of remote objects: what travels, what is shared, what is removed, what a crash leaves."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from infra.core.errors import NotFound, OutOfSpace, Unavailable
from infra.core.settings import Settings
from infra.storage.s3 import S3Storage
from infra.storage.sparse_cache import BLOCK_BYTES, FETCH_BYTES, SparseCache

B = BLOCK_BYTES
SIZE = 40 * B - 1000
DATA = random.Random(1).randbytes(SIZE)
GIB = 1 << 30


class Remote:
    """A remote object that counts what is asked of it."""

    def __init__(self, data: bytes = DATA, pause_s: float = 0.0) -> None:
        self.data, self.pause_s = data, pause_s
        self.asked: list[tuple[int, int]] = []

    def __call__(self, start: int, end: int) -> Iterator[bytes]:
        self.asked.append((start, end))
        for at in range(start, end, 100_000):
            time.sleep(self.pause_s)
            yield self.data[at:min(end, at + 100_000)]

    def asked_bytes(self) -> int:
        return sum(end - start for start, end in self.asked)


@examples(max_examples=40, deadline=None)
@given(opened=st.lists(st.lists(st.tuples(st.integers(-5, SIZE + 5), st.integers(-5, SIZE + B)), max_size=4), max_size=4))
def test_what_was_asked_for_is_there_and_nothing_is_fetched_twice(opened: list[list[tuple[int, int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache, remote = SparseCache(Path(folder), GIB), Remote()
        blocks: set[int] = set()
        for parts in opened:
            with cache.local("a", "1", SIZE, remote, parts) as path:
                found = path.read_bytes()
            assert len(found) == SIZE
            for start, end in parts:
                start, end = max(0, start), min(end, SIZE)
                if start < end:
                    assert found[start:end] == DATA[start:end]
                    blocks |= set(range(start // B, -(-end // B)))
        expected = sum(min((n + 1) * B, SIZE) - n * B for n in blocks)
        assert remote.asked_bytes() == expected
        assert cache.used_bytes() <= expected + len(blocks) * 4096


def test_neighbours_are_one_request_and_long_runs_several(tmp_path: Path) -> None:
    cache, remote = SparseCache(tmp_path, GIB), Remote()
    with cache.local("a", "1", SIZE, remote, [(3 * B, 3 * B + 1), (0, 10), (B - 1, B + 1), (2 * B, 3 * B)]):
        assert remote.asked == [(0, 4 * B)]
    data = bytes(FETCH_BYTES + 5)
    long = Remote(data)
    with cache.local("b", "1", len(data), long) as path:
        assert path.read_bytes() == data
    assert sorted(long.asked) == [(0, FETCH_BYTES), (FETCH_BYTES, FETCH_BYTES + 5)]
    with cache.local("c", "1", 0, Remote(b"")) as path:
        assert path.read_bytes() == b""


def test_many_threads_fetch_a_block_once(tmp_path: Path) -> None:
    cache, remote = SparseCache(tmp_path, GIB), Remote(pause_s=0.01)
    seen: list[bool] = []

    def use(n: int) -> None:
        with cache.local("a", "1", SIZE, remote, [(n % 2 * B, 12 * B)]) as path, path.open("rb") as file:
            file.seek(B)
            seen.append(file.read(11 * B) == DATA[B:12 * B])

    threads = [threading.Thread(target=use, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 8
    assert remote.asked_bytes() == 12 * B


CHILD = textwrap.dedent("""
    import random, sys, time
    from pathlib import Path
    from infra.storage.sparse_cache import BLOCK_BYTES as B, SparseCache
    data = random.Random(1).randbytes(int(sys.argv[2]))
    log = open(sys.argv[3], "a", buffering=1)

    def fetch(start, end):
        log.write(f"{start} {end}\\n")
        for at in range(start, end, 100_000):
            time.sleep(float(sys.argv[4]))
            yield data[at:min(end, at + 100_000)]

    with SparseCache(Path(sys.argv[1]), 1 << 30).local("a", "1", len(data), fetch, [(0, 8 * B)]) as path:
        assert path.read_bytes()[:8 * B] == data[:8 * B]
""")


def _child(cache: Path, log: Path, pause_s: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHILD, cache, str(SIZE), log, str(pause_s)],
                            cwd=Path(__file__).parents[2])


def test_two_processes_fetch_a_block_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    children = [_child(tmp_path / "cache", log, 0.02) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert log.read_text().splitlines() == [f"0 {8 * B}"]


def test_a_process_killed_while_it_fetches_leaves_no_lie(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = _child(tmp_path / "cache", log, 0.2)
    while not log.exists() or not log.read_text():
        time.sleep(0.02)
    time.sleep(0.5)
    child.send_signal(signal.SIGKILL)
    child.wait()
    remote = Remote()
    with SparseCache(tmp_path / "cache", GIB).local("a", "1", SIZE, remote, [(0, 8 * B)]) as path:
        assert path.read_bytes()[:8 * B] == DATA[:8 * B]
    assert remote.asked_bytes() == 8 * B


def test_a_fetch_that_breaks_off_marks_nothing(tmp_path: Path) -> None:
    cache = SparseCache(tmp_path, GIB)

    def breaks(start: int, end: int) -> Iterator[bytes]:
        yield DATA[start:start + 1000]
        raise Unavailable("gone", "gone")

    for fetch in (breaks, lambda start, end: iter([DATA[start:end - 1]])):
        with pytest.raises(Unavailable), cache.local("a", "1", SIZE, fetch, [(0, B)]):
            pass
    remote = Remote()
    with cache.local("a", "1", SIZE, remote, [(0, B)]) as path:
        assert path.read_bytes()[:B] == DATA[:B]
    assert remote.asked == [(0, B)]


def test_what_was_not_used_for_longest_makes_room_but_never_what_is_in_use(tmp_path: Path) -> None:
    cache, remote = SparseCache(tmp_path, 10 * B), Remote()

    def use(name: str, blocks: int) -> int:
        before = len(remote.asked)
        with cache.local(name, "1", SIZE, remote, [(0, blocks * B)]) as path:
            assert path.read_bytes()[:blocks * B] == DATA[:blocks * B]
        time.sleep(0.02)  # their order is told by the clock of the file system
        return len(remote.asked) - before

    use("a", 4)
    use("b", 4)
    assert use("a", 4) == 0
    use("c", 4)  # b goes
    assert use("a", 4) == 0
    assert use("b", 4) == 1
    with cache.local("b", "1", SIZE, remote, [(0, 4 * B)]) as held:
        use("d", 9)
        assert cache.used_bytes() >= 13 * B  # over the limit, for what is in use is not touched
        assert held.read_bytes()[:4 * B] == DATA[:4 * B]
    use("e", 1)
    assert cache.used_bytes() <= 10 * B + 4096


def test_old_copies_are_swept_and_those_of_an_earlier_boot_go_at_once(tmp_path: Path) -> None:
    (tmp_path / "another-boot").mkdir()
    (tmp_path / "another-boot" / "x.data").write_bytes(b"x")
    cache, remote = SparseCache(tmp_path, GIB), Remote()
    with cache.local("a", "1", SIZE, remote, [(0, B)]) as path:
        os.utime(path, (0, 0))
        assert cache.sweep(60) == 0  # in use
    assert not (tmp_path / "another-boot").exists()
    os.utime(path, (0, 0))
    assert cache.sweep(60) == 1
    assert cache.used_bytes() == 0


def test_a_file_that_was_sent_is_its_own_copy(tmp_path: Path) -> None:
    cache, remote = SparseCache(tmp_path / "cache", GIB), Remote()
    file = tmp_path / "spool"
    file.write_bytes(DATA)
    cache.adopt("a", "1", SIZE, file)
    file.unlink()
    with cache.local("a", "1", SIZE, remote) as path:
        assert path.read_bytes() == DATA
    with cache.local("a", "2", SIZE, remote, [(0, 10)]):
        assert remote.asked == [(0, B)]  # another version is another copy
    cache.forget(["a", "b"])
    assert cache.used_bytes() == 0


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("this system mounts nothing")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_takes_from_the_other_copies_first(tiny_disk: Path) -> None:
    cache, remote = SparseCache(tiny_disk, GIB), Remote()
    with cache.local("a", "1", SIZE, remote, [(0, 4 * B)]):
        pass
    with cache.local("b", "1", SIZE, remote, [(0, 6 * B)]) as path:
        assert path.read_bytes()[:6 * B] == DATA[:6 * B]
    with pytest.raises(OutOfSpace), cache.local("c", "1", SIZE, remote):
        pass
    with cache.local("d", "1", SIZE, remote, [(0, 2 * B)]) as path:
        assert path.read_bytes()[:2 * B] == DATA[:2 * B]


# Over a real bucket.

@pytest.fixture
def storage(s3_settings: Callable[..., Settings]) -> S3Storage:
    return S3Storage.of(s3_settings())


def _ranges(storage: S3Storage) -> list[str]:
    asked: list[str] = []

    def note(params: dict[str, dict[str, str]], **_: object) -> None:
        asked.append(params["headers"].get("Range", "all") + " " + params["headers"].get("If-Match", ""))

    storage.bucket.client.meta.events.register("before-call.s3.GetObject", note)
    return asked


def test_only_the_blocks_of_the_parts_leave_the_bucket(storage: S3Storage) -> None:
    storage.put("o/source", DATA)
    info = storage.stat("o/source")
    assert info is not None
    asked = _ranges(storage)
    with storage.local("o/source", [(0, 1000), (20 * B + 5, 21 * B + 5), (SIZE - 10, SIZE)]) as path:
        found = path.read_bytes()
        assert path.stat().st_size == SIZE
    assert set(asked) == {f"bytes=0-{B - 1} {info.etag}", f"bytes={20 * B}-{22 * B - 1} {info.etag}",
                          f"bytes={39 * B}-{SIZE - 1} {info.etag}"}
    assert len(asked) == 3
    assert found[:1000] + found[20 * B:22 * B] + found[-10:] == DATA[:1000] + DATA[20 * B:22 * B] + DATA[-10:]
    assert found[2 * B:3 * B] == bytes(B)
    with storage.local("o/source") as path:
        assert path.read_bytes() == DATA
    storage.delete("o/source")
    assert storage.cache.used_bytes() == 0
    with pytest.raises(NotFound), storage.local("o/source", [(0, 1)]):
        pass


def test_two_versions_of_an_object_are_never_mixed(storage: S3Storage) -> None:
    newer = bytes(reversed(DATA))
    storage.put("o/source", DATA)
    with storage.local("o/source", [(0, B)]):
        pass
    replaced: list[bool] = []

    def replace(**_: object) -> None:  # after its etag was asked for
        if not replaced:
            replaced.append(True)
            storage.put("o/source", newer)

    storage.bucket.client.meta.events.register("before-call.s3.GetObject", replace)
    with storage.local("o/source", [(0, 3 * B)]) as path:
        assert path.read_bytes()[:3 * B] == newer[:3 * B]
    assert replaced
