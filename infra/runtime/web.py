"""The web process: `python -m infra.runtime.web`, settings from the environment."""

from __future__ import annotations

import sys

import uvicorn

from infra.core.errors import LecternError
from infra.core.settings import Settings
from infra.runtime.wiring import build
from player_api.app import create_app


def main() -> int:
    """Serve until SIGTERM."""
    settings = Settings()
    app = create_app(build(settings))
    # Streams of server-sent events never end by themselves: they are cut after this.
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", access_log=False,
                timeout_graceful_shutdown=3, server_header=False)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LecternError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
