"""A command as data: computed by pure code, printed by `lectern plan`, run by `infra.process` alone."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child process may use; the kernel enforces it where the system can."""

    wall_s: float = 600.0
    cpu_s: int = 1800
    memory_bytes: int = 6 * GIB  # address space: ffmpeg maps far more than it touches
    file_bytes: int = 8 * GIB


@dataclass(frozen=True, slots=True)
class Command:
    """`argv` and what it touches. `reads` are files, `work` is the one folder it may write to."""

    argv: tuple[str, ...]
    reads: tuple[Path, ...] = ()
    work: Path | None = None
    limits: Limits = field(default_factory=Limits)
    nice: int = 0  # 0 for what a viewer waits for, 10 for what nobody waits for

    def shell(self) -> str:
        """The command as a line that can be pasted into a shell."""
        return shlex.join(self.argv)
