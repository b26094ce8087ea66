"""What all cases have in common: what one is, how long the lists are, and where commands run.

Knows folders, environments and variables; neither the cases themselves nor how they are measured.
"""

from __future__ import annotations

import logging
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.measure import NOWHERE

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
PROJECT_BIN = ROOT / ".venv" / "bin"
REQUIREMENTS = BENCH / "requirements.txt"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """One way to read a list, or to load what was read.

    Attributes:
        key: Which it is.
        label: What the table says.
        records: How many invoices it reads.
        command: The command.
        source: What it reads from stdin.
    """

    key: str
    label: str
    records: int
    command: tuple[str, ...]
    source: Path = NOWHERE


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many invoices the cases read."""

    full: int

    @property
    def slow(self) -> int:
        """Of those that take many times as long for each invoice."""
        return self.full // 5

    @property
    def half(self) -> int:
        """The smaller list with which the tap's memory is looked at."""
        return self.full // 2

    @property
    def double(self) -> int:
        """The larger one, for the memory of tap and loader."""
        return self.full * 2

    def all(self) -> list[int]:
        """Every length once."""
        return sorted({self.full, self.slow, self.half, self.double})


def peers_python() -> Path | None:
    """The Python of `.venv-bench`, with dlt and orjson.

    Returns:
        `None` where it cannot be made.
    """
    try:
        return python_with(".venv-bench", REQUIREMENTS.read_text(), "-r", str(REQUIREMENTS))
    except (OSError, subprocess.CalledProcessError) as error:
        logger.warning("without dlt and orjson, whose environment cannot be made: %s", error)
        return None


def python_with(name: str, pins: str, *install: str) -> Path:
    """The Python of an environment, which is made when it is missing or its pins have changed.

    Args:
        name: Its folder.
        pins: What it is made from.
        install: What to install.

    Raises:
        OSError: It cannot be made.
        subprocess.CalledProcessError: As above.
    """
    folder = ROOT / name
    python = folder / "bin" / "python"
    complete = folder / ".complete"
    if complete.is_file() and complete.read_text() == pins:
        return python
    uv, ours = str(PROJECT_BIN / "uv"), str(PROJECT_BIN / "python")
    make = [uv, "venv", "-q", "--clear", "--python", ours, str(folder)]
    fill = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(python)]
    for command in (make, [*fill, *install]):
        subprocess.run(command, check=True)  # noqa: S603 - commands of this benchmark
    complete.write_text(pins)
    return python


def environment(folder: Path) -> dict[str, str]:
    """The variables with which all cases run.

    Nothing leaves this machine, and no settings of Python's own from outside: compiled modules
    are kept, as an installer leaves them, but apart from the environments under test.
    """
    inherited = {name: of for name, of in os.environ.items() if not name.startswith("PYTHON")}
    return inherited | {
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "NO_PROXY": "127.0.0.1",
        "DLT_DATA_DIR": str(folder / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
