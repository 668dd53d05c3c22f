"""How a program of Lectern ends: with an exit code, and after a known error with its one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from infra.core.errors import LecternError


def exit_with(main: Callable[[], int]) -> NoReturn:
    """Run `main` and exit with its code; a LecternError is printed and ends with its own."""
    try:
        sys.exit(main())
    except LecternError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
