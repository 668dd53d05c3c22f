"""The web process: `python -m infra.runtime.web`, settings from the environment."""

from __future__ import annotations

from types import FrameType

import uvicorn

from infra.core.settings import Settings
from infra.runtime.ending import exit_with
from infra.runtime.wiring import build
from player_api.app import create_app
from player_api.demand import Waiting


class Server(uvicorn.Server):
    """uvicorn, which lets go of those who wait for a cell when it is asked to end."""

    def __init__(self, config: uvicorn.Config, waiting: Waiting) -> None:
        super().__init__(config)
        self._waiting = waiting

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._waiting.close()
        super().handle_exit(sig, frame)


def main() -> int:
    """Serve until SIGTERM; the exit code."""
    settings = Settings()
    app = create_app(build(settings))
    # Server-sent events never end by themselves: they are cut after a few seconds.
    config = uvicorn.Config(app, host=settings.host, port=settings.port, log_level="warning", access_log=False,
                            timeout_graceful_shutdown=3, server_header=False)
    server = Server(config, app.state.waiting)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    exit_with(main)
