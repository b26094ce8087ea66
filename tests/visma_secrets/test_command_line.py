"""Each verb does what it says, refuses what it must, and shows no value and no identity."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest

from secrets_vault import VALUE
from visma_secrets import identities
from visma_secrets.command import main
from visma_secrets.durable import Disk

if TYPE_CHECKING:
    from secrets_vault import Vault


def test_an_identity_is_for_its_owner_alone_and_never_overwritten(vault: Vault) -> None:
    before = vault.identity_file.read_bytes()

    code, said = vault.run("init")

    assert code == 1
    assert "not overwritten" in said
    assert vault.identity_file.read_bytes() == before
    assert stat.S_IMODE(vault.identity_file.stat().st_mode) == 0o600
    assert list(vault.identity_file.parent.iterdir()) == [vault.identity_file]


def test_names_and_recipients_are_listed_and_no_value(vault: Vault) -> None:
    code, said = vault.run("list")

    assert code == 0
    assert "KEY" in said
    assert vault.identity().public in said
    assert VALUE not in said


def test_a_variable_is_removed_and_that_git_keeps_it_is_told(vault: Vault) -> None:
    assert vault.run("unset", "NONE")[0] == 2
    code, said = vault.run("unset", "KEY")

    assert (code, vault.content().variables) == (0, {})
    assert "change the value at its source" in said


def test_what_is_imported_is_removed_from_the_disk_only_when_asked_to(vault: Vault) -> None:
    file = vault.folder / ".env"
    file.write_text("KEY='new'\nOTHER=\"a\nb\"\n")

    assert vault.run("import", ".env")[0] == 0
    assert file.exists()
    code, said = vault.run("import", "--shred", ".env")

    assert code == 0
    assert not file.exists()
    assert vault.content().variables == {"KEY": "new", "OTHER": "a\nb"}
    assert "git's history" in said


def test_a_shredded_file_is_overwritten_where_it_was(vault: Vault) -> None:
    file = vault.folder / ".env"
    file.write_text(f"KEY={VALUE}\n")
    os.link(file, vault.folder / "other name")

    vault.run("import", "--shred", ".env")

    left = (vault.folder / "other name").read_bytes()
    assert len(left) == len(f"KEY={VALUE}\n")
    assert VALUE.encode() not in left


def test_a_new_folder_of_sealed_files_is_on_the_disk_before_anything_is_shredded(
    vault: Vault,
) -> None:
    done: list[Path] = []

    class Noting(Disk):
        def sync_folder(self, path: Path) -> None:
            done.append(path)
            super().sync_folder(path)

        def shred(self, path: Path) -> None:
            done.append(path)
            super().shred(path)

    (vault.folder / ".env").write_text("A=1\n")
    new = vault.folder / "new" / "secrets"

    assert main(["import", "--shred", ".env", "--folder", str(new)], Noting()) == 0

    before = done[: done.index(Path(".env"))]
    assert {vault.folder, vault.folder / "new", new} <= {*before}


def test_a_file_that_could_not_be_shredded_is_told_as_what_it_is(
    vault: Vault, capfd: pytest.CaptureFixture[str]
) -> None:
    class Full(Disk):
        def sync(self, file: BinaryIO) -> None:
            if file.name == ".env":
                raise OSError(5, "Input/output error")
            super().sync(file)

    (vault.folder / ".env").write_text("A=1\n")

    assert main(["import", "--shred", ".env"], Full()) == 1

    assert "Remove it yourself" in capfd.readouterr().err
    assert vault.content().variables["A"] == "1"


def test_a_rotation_seals_all_files_for_a_new_identity_alone(vault: Vault) -> None:
    vault.run("set", "-e", "prod", "KEY", piped="production")
    old = vault.identity()

    code, said = vault.run("rotate")

    assert code == 0
    assert "change the values at their source" in said
    assert vault.identity().public != old.public
    assert vault.content().variables == {"KEY": VALUE}
    assert vault.run("list", "-e", "prod")[0] == 0
    assert vault.run("list", "--identity", str(vault.identity_file) + ".old")[0] == 1
    assert vault.run("rotate")[0] == 1  # until somebody has removed the old one


def test_files_of_others_are_left_as_they_were_by_a_rotation(vault: Vault) -> None:
    theirs = vault.folder / "theirs"
    assert vault.run("init", "--identity", str(theirs))[0] == 0
    assert vault.run("set", "--identity", str(theirs), "-e", "prod", "KEY", piped="x")[0] == 0

    code, said = vault.run("rotate")

    assert code == 0
    assert "prod.age is left as it was" in said
    assert vault.run("list", "--identity", str(theirs), "-e", "prod")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "KEY", "hunter2-AGE"),
        ("set", "KEY=hunter2-AGE"),
        ("set", "--value=hunter2-AGE", "KEY"),
        ("hunter2-AGE",),
        ("recipients", "add", "hunter2-AGE", "--name", "x"),
        ("recipients", "hunter2-AGE"),
        ("list", "--identity", "AGE-SECRET-KEY-hunter2-AGE"),
        ("list", "-e", "../hunter2-AGE"),
        ("exec", "KEY=hunter2-AGE"),
    ],
    ids=" ".join,
)
def test_a_value_where_none_belongs_is_refused_and_not_repeated(
    vault: Vault, arguments: tuple[str, ...]
) -> None:
    code, said = vault.run(*arguments, piped="x")

    assert code > 0
    assert "hunter2" not in said
    assert vault.content().variables == {"KEY": VALUE}


@pytest.mark.parametrize("piped", ["", "\n", "a\0b"], ids=["nothing", "an empty line", "zero byte"])
def test_what_cannot_be_a_value_is_refused(vault: Vault, piped: str) -> None:
    assert vault.run("set", "KEY", piped=piped)[0] == 2
    assert vault.content().variables == {"KEY": VALUE}


def test_no_verb_shows_a_value_or_an_identity(vault: Vault) -> None:
    secrets = [VALUE, str(vault.identity().keys[0])]
    (vault.folder / ".env").write_text(f"OTHER={VALUE}2\nOPEN='{VALUE}\n")
    said = ""
    for arguments in (
        ["list"],
        ["import", ".env"],
        ["recipients", "list"],
        ["set", "KEY"],
        ["unset", "NONE"],
        ["rotate"],
        ["rotate"],
        ["list", "-e", "none"],
        ["exec"],
    ):
        said += vault.run(*arguments, piped=VALUE)[1]

    secrets.append(str(identities.from_file(vault.identity_file).keys[0]))
    assert len(said) > 1000
    assert not [secret for secret in secrets if secret in said]
