"""The web process: `python -m infra.runtime.web`, settings from the environment."""

from __future__ import annotations

import gc
import socket
from types import FrameType

import uvicorn

from infra.core.settings import Settings
from infra.runtime.ending import exit_with
from infra.runtime.wiring import build
from player_api.app import create_app
from player_api.demand import Waiting
from player_api.live.edge import LiveEdge


class Server(uvicorn.Server):
    """uvicorn, which lets go of those who wait for a cell, or for what is live, when it is asked to end."""

    def __init__(self, config: uvicorn.Config, waiting: Waiting, edge: LiveEdge) -> None:
        super().__init__(config)
        self._waiting = waiting
        self._edge = edge

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. What is there by now stays, so the garbage collector need not look at it: it would stop everybody for
        a tenth of a second every few thousand requests."""
        gc.collect()
        gc.freeze()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._waiting.close()
        self._edge.let_go()
        super().handle_exit(sig, frame)


def main() -> int:
    """Serve until SIGTERM; the exit code."""
    settings = Settings()
    app = create_app(build(settings))
    # Server-sent events never end by themselves: they are cut after a few seconds.
    config = uvicorn.Config(app, host=settings.host, port=settings.port, log_level="warning", access_log=False,
                            timeout_graceful_shutdown=3, server_header=False)
    server = Server(config, app.state.waiting, app.state.edge)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    exit_with(main)
