"""PostgreSQL, on 127.0.0.1 and on a socket in its folder; no password, for nobody else reaches either."""

from __future__ import annotations

from pathlib import Path

from infra.deploy.native.server import Server, find_program

USER = "lectern"


class Postgres(Server):
    name = "postgres"
    packages = "postgresql"
    user = "postgres"

    def __init__(self, folder: Path, *, unsafe_fast: bool = False) -> None:
        """`unsafe_fast`: nothing waits for the disk. For tests: a power cut (not a kill) ruins the database."""
        super().__init__(folder)
        self._initdb, self._postgres = (find_program(name, self.packages, "/usr/lib/postgresql/*/bin")
                                        for name in ("initdb", "postgres"))
        self._unsafe_fast = unsafe_fast

    @property
    def url(self) -> str:
        return self.url_of("lectern")

    def url_of(self, database: str) -> str:
        """The URL of one of its databases. `lectern` is made at the first start."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """A new database, as a copy of `template` (to which nobody may be connected); its URL."""
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Remove it, and whoever is connected to it."""
        self._say(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def start(self) -> None:
        super().start()
        if not self._has_database("lectern"):
            self.create_database("lectern")

    def _launch(self) -> None:
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self._run([self._initdb, "--pgdata", data, "--username", USER, "--auth", "trust", "--encoding", "UTF8",
                       "--locale", "C.UTF-8", *(["--no-sync"] if self._unsafe_fast else [])])
        options = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": str(self.folder)}
        if self._unsafe_fast:
            options |= {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_wal_size": "256MB"}
        self._spawn([self._postgres, "-D", data, *(word for name, value in options.items()
                                                   for word in ("-c", f"{name}={value}"))])

    def _answers(self) -> bool:
        from psycopg import OperationalError

        try:
            self._say("SELECT 1")
        except OperationalError:
            return False
        return True

    def _has_database(self, name: str) -> bool:
        import psycopg

        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def _say(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres connect_timeout=2"
