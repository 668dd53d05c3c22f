"""Redis as the broker: every write in an append-only file, and nothing thrown away when memory is short."""

from __future__ import annotations

from pathlib import Path

from infra.deploy.native.server import Server, find_program


class Redis(Server):
    name = "redis"
    packages = "redis-server"
    user = "redis"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._program = find_program("redis-server", self.packages)

    @property
    def url(self) -> str:
        return self.url_of(0)

    def url_of(self, number: int) -> str:
        """The URL of one of its 64 databases."""
        return f"redis://127.0.0.1:{self.port}/{number}"

    def _launch(self) -> None:
        self._spawn([self._program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.folder,
                     "--daemonize", "no", "--databases", "64", "--appendonly", "yes", "--appendfsync", "everysec",
                     "--save", "", "--maxmemory-policy", "noeviction"])

    def _answers(self) -> bool:
        from redis import Redis as Client
        from redis.exceptions import RedisError

        with Client(port=self.port, socket_timeout=1.0, socket_connect_timeout=1.0) as client:
            try:
                return bool(client.ping())  # refused while it reads its append-only file
            except RedisError:
                return False
