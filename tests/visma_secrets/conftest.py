"""A folder with an identity, and the command run in this process."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from secrets_forks import enter
from secrets_vault import VALUE, Vault
from visma_secrets.command import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs the command; gives its exit code and all that it wrote."""

    def run(*arguments: str, piped: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped.encode())))
        try:
            code = main(arguments)
        except SystemExit as end:  # of argparse
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        return code, out + err

    return run


@pytest.fixture
def vault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., tuple[int, str]]
) -> Vault:
    """An identity, and a sealed file with one variable, `KEY`."""
    for name in list(os.environ):
        if name.startswith(("VISMA_SECRETS_", "CREDENTIALS_", "MELTANO_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "vault"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    enter(folder)
    assert command("init")[0] == 0
    assert command("set", "KEY", piped=VALUE + "\n")[0] == 0
    return Vault(folder, command)
