"""`exec` gives a command the variables, signals and a folder in memory; nobody else gets any."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secrets_project import Project, read_until
from visma_secrets import run_folder
from visma_secrets.errors import PlaceError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.process

WAIT = """
import os, signal, sys
def end(number, frame):
    sys.exit(number + 40)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, end)
print("folder", os.environ["MELTANO_SYS_DIR_ROOT"], "process", os.getpid(), "ready", flush=True)
signal.pause()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one sealed variable, and nothing else in it."""
    (tmp_path / "meltano.yml").touch()
    (tmp_path / "home").mkdir()
    project = Project(tmp_path, {"KEY": "correct-horse"})
    project.seal(project.secrets)
    return project


def output_of(project: Project, *command: str, **more: str) -> tuple[int, str]:
    with project.run(*command, **more) as process:
        said, _ = process.communicate()
    return process.returncode, said


def waiting(said: str) -> tuple[Path, int]:
    """The folder and the process of a command that waits."""
    words = said.split()
    return Path(words[words.index("folder") + 1]), int(words[words.index("process") + 1])


def test_the_command_gets_the_variables_and_not_the_identity(project: Project) -> None:
    more = {"VISMA_SECRETS_IDENTITY": project.identity()}

    code, said = output_of(project, "sh", "-c", "env; ulimit -c", **more)

    assert code == 0
    assert "KEY=correct-horse\n" in said
    assert project.identity() not in said
    assert said.endswith("\n0\n")  # a core file would have the variables in it


def test_a_variable_that_is_there_already_stays_and_is_told(project: Project) -> None:
    code, said = output_of(project, "sh", "-c", "echo got $KEY", KEY="mine")

    assert code == 0
    assert "got mine" in said
    assert "already in the environment, and taken from there: KEY" in said


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)],
)
def test_its_exit_code_is_that_of_the_command(project: Project, command: str, code: int) -> None:
    assert output_of(project, "sh", "-c", command)[0] == code


@pytest.mark.parametrize(
    ("command", "code"), [("/etc/passwd", 127), ("KEY=hunter2", 127), ("./noise", 126)]
)
def test_a_command_that_does_not_start_is_told(project: Project, command: str, code: int) -> None:
    (project.folder / "noise").write_bytes(b"\x7fELF nothing")
    (project.folder / "noise").chmod(0o755)

    ended, said = output_of(project, command)

    assert (ended, "Traceback" in said, command in said) == (code, False, False)
    assert "The command after --" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_reaches_the_command_which_ends_in_its_own_way(
    project: Project, number: signal.Signals
) -> None:
    with project.run(sys.executable, "-c", WAIT) as process:
        folder, _ = waiting(read_until(process, "ready"))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

        process.send_signal(number)

        assert process.wait() == number + 40
    assert not folder.exists()


def test_a_folder_in_use_stays_and_one_left_by_a_crash_goes_with_the_next_run(
    project: Project,
) -> None:
    with project.run(sys.executable, "-c", WAIT) as process:
        folder, child = waiting(read_until(process, "ready"))
        process.kill()
        process.wait()

        assert output_of(project, "true")[0] == 0
        assert folder.exists()  # the command goes on without us, and in its folder

        os.kill(child, signal.SIGKILL)
        process.communicate()  # until nobody has the other end
        assert output_of(project, "true")[0] == 0
        assert not folder.exists()


def test_all_of_meltanos_folder_but_what_is_for_a_run_is_the_real_one(project: Project) -> None:
    real = project.folder / ".meltano"
    (real / "run").mkdir(parents=True)
    script = 'cd "$MELTANO_SYS_DIR_ROOT"; touch meltano.db loaders/new; mkdir run'

    code, said = output_of(project, "sh", "-c", script)

    assert code == 0, said
    assert (real / "meltano.db").exists()
    assert (real / "loaders" / "new").exists()


def test_where_nothing_is_in_memory_the_disk_is_used_until_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "_in_memory", lambda _: None)

    with run_folder.run_folder(tmp_path, {}) as folder:
        assert not folder.is_in_memory
        assert tmp_path in folder.path.parents
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert not folder.path.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.mkdir(0o755),
        lambda path: path.symlink_to(".."),
        lambda path: path.touch(),
    ],
    ids=["open to others", "a link", "a file"],
)
def test_a_place_that_others_could_look_into_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(run_folder, "_in_memory", lambda _: tmp_path)
    spoil(tmp_path / f"visma-secrets-{os.geteuid()}")

    with pytest.raises(PlaceError), run_folder.run_folder(tmp_path, {}):
        pass
