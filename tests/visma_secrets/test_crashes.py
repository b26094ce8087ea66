"""Killed at any operation on a file, each verb leaves the old state or the new, and ends next time.

Every row is a real SIGKILL of a real process, before its n-th operation, for every n.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from secrets_forks import enter, killed_everywhere
from secrets_vault import VALUE, Vault
from visma_secrets import identities
from visma_secrets.durable import Disk
from visma_secrets.sealed import sealed_files

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

OTHER = str(identities.new().to_public())
OLD = {"KEY": VALUE}
VERBS = {
    "set": (["set", "KEY"], {"KEY": "new"}),
    "import": (["import", "--shred", ".env"], {"KEY": VALUE, "A": "1", "B": "2"}),
    "unset": (["unset", "KEY"], {}),
    "recipients add": (["recipients", "add", OTHER, "--name", "operations"], OLD),
    "rotate": (["rotate"], OLD),
}


def contents(folder: Path) -> list[dict[str, str]]:
    """What the sealed files of a folder hold; that they open is part of it."""
    identity = identities.from_file(folder / "config" / "visma-secrets" / "identity")
    return [file.read(identity).variables for file in sealed_files(folder / "secrets", Disk())]


@pytest.mark.parametrize("verb", VERBS)
def test_a_killed_verb_leaves_the_old_or_the_new_and_a_second_run_the_new(
    vault: Vault, verb: str
) -> None:
    arguments, new = VERBS[verb]
    vault.run("set", "-e", "prod", "OTHER", piped="x")
    (vault.folder / ".env").write_text("A=1\nB=2\n")

    copies = killed_everywhere(vault.folder, *arguments)

    assert len(copies) > 8
    for copy in copies:
        dev, prod = contents(copy)
        assert dev in (OLD, new)
        assert prod == {"OTHER": "x"}
        assert (copy / ".env").exists() or dev == new
    for copy in copies[:-1:3]:
        enter(copy)
        (copy / ".env").write_text("A=1\nB=2\n")
        code, said = vault.run(*arguments, piped="new")
        assert code == 0 or "no such variable" in said or ".old" in said
        assert contents(copy)[0] == new
        assert vault.run("set", "MORE", piped="x")[0] == 0


def test_a_killed_init_leaves_a_whole_identity_or_none(vault: Vault) -> None:
    shutil.rmtree(vault.folder / "config")

    copies = killed_everywhere(vault.folder, "init")

    states = []
    for copy in copies:
        file = copy / "config" / "visma-secrets" / "identity"
        states.append(file.exists() and bool(identities.from_file(file).public))
    assert states[0] is False
    assert states[-1] is True
    assert not (file.parent / ".identity.tmp").exists()


def test_writers_at_once_wait_for_each_other_and_lose_nothing(vault: Vault) -> None:
    names = [f"KEY_{number}" for number in range(5)]
    with Disk().lock(vault.folder / "secrets"):
        writers = [
            subprocess.Popen(
                [sys.executable, "-m", "visma_secrets", "set", name],
                stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            for name in names
        ]
        for writer in writers:
            assert writer.stdin
            writer.stdin.write(b"value")
            writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0] * len(names)

    assert vault.content().variables.keys() == {"KEY", *names}
