"""nginx on this machine, with the same configuration that the image gets: the system's program in a folder of ours."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from infra.deploy.native.server import Server, find_program
from infra.deploy.nginx_conf import Edge


class Nginx(Server):
    """`edge` says what is behind it; its `listen`, `run`, `cache` and `user` are chosen here."""

    name = "nginx"
    packages = "nginx-light"

    def __init__(self, folder: Path, edge: Edge, port: int = 0) -> None:
        """Starts nothing. Port 0: a free one. Raises ConfigError with the package to install when nginx is missing."""
        super().__init__(folder)
        self.port = port or self.port
        self._program = find_program("nginx", self.packages)
        # As root its workers stay root: the objects belong to whoever runs Lectern, and so does this nginx.
        self.edge = replace(edge, listen=f"127.0.0.1:{self.port}", run=self.folder / "run",
                            cache=self.folder / "cache", user="root" if os.geteuid() == 0 else "")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def configuration(self) -> Path:
        """The file it runs with."""
        return self.folder / "nginx.conf"

    def configure(self, edge: Edge) -> None:
        """Run with another `edge`, in the same folder and on the same port. Connections that are open go on."""
        self.edge = replace(edge, listen=self.edge.listen, run=self.edge.run, cache=self.edge.cache, user=self.edge.user)
        self._write()
        self._run([self._program, "-c", self.configuration, "-p", self.folder, "-s", "reload"])

    def _launch(self) -> None:
        for folder in (self.edge.run, self.edge.cache):
            folder.mkdir(parents=True, exist_ok=True)
        (self.edge.run / "inner.sock").unlink(missing_ok=True)  # a killed nginx leaves it, and then can not listen
        self._write()
        self._spawn([self._program, "-c", self.configuration, "-p", self.folder, "-e", "stderr"])

    def _answers(self) -> bool:
        import httpx

        try:
            return httpx.get(f"{self.url}/edge-healthz", timeout=2.0, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _write(self) -> None:
        self.configuration.write_text(self.edge.render())
