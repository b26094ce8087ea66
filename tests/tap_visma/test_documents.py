"""README tables and meltano.yml are what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tables_written_from_the_code_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "tables.py"], capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.returncode == 0
