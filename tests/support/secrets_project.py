"""A scratch copy of this project with its credentials sealed, and a search for them in clear.

The copy has the plugins of this one by links, and folders of its own for all that a run writes:
home, state, temporary files. What is searched is every file below it, links left out, everything
that processes were started with, and everything that they wrote.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from meltano_projects import BIN, copied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEMORY = Path("/dev/shm") / f"visma-secrets-{os.geteuid()}"  # noqa: S108 - where the command puts it


@dataclass
class Project:
    """A scratch copy of the project.

    Attributes:
        folder: Where it is.
        secrets: Values that must not be found in clear.
    """

    folder: Path
    secrets: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """Variables without any credential; all that is written goes below the copy."""
        home = self.folder / "home"
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
        return kept | {
            "HOME": str(home),
            "TMPDIR": str(home),
            "PATH": f"{BIN}:/usr/bin:/bin",
            "MELTANO_AUTO_INSTALL": "false",  # the installed plugins are those of the project
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        }

    def seal(self, settings: Mapping[str, str]) -> None:
        """Make an identity, and seal variables."""
        self._do("init")
        self.seal_more(settings)

    def seal_more(self, settings: Mapping[str, str]) -> None:
        """Seal variables from a `.env` file that is shredded."""
        file = self.folder / ".env"
        file.write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
        self._do("import", "--shred", file.name)

    def _do(self, *arguments: str) -> None:
        done = subprocess.run(
            [BIN / "visma-secrets", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            check=True,
        )
        assert not self.found_in(done.stdout + done.stderr)

    def identity(self) -> str:
        """The identity that opens the sealed file."""
        text = (self.folder / "home" / ".config" / "visma-secrets" / "identity").read_text()
        return text.splitlines()[-1]

    @contextmanager
    def run(self, *command: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command by `visma-secrets exec`; what is left of it at the end is killed.

        It has no terminal, so all signals that reach it are passed on.
        """
        process = subprocess.Popen(
            [BIN / "visma-secrets", "exec", "--", *command],
            cwd=self.folder,
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout:
                process.stdout.close()

    def found_in(self, data: bytes) -> set[str]:
        """The names of the secrets that are in some bytes, as they are or as JSON or URLs."""
        return {
            name
            for name, value in self.secrets.items()
            for form in (value, json.dumps(value)[1:-1], quote(value, safe=""))
            if form.encode() in data
        }

    def in_files(self, folder: Path | None = None) -> dict[str, set[str]]:
        """The files of the project, or of another folder, that have secrets in clear."""
        found = {}
        for at, _, names in os.walk(folder or self.folder):
            for path in (Path(at) / name for name in names):
                if path.is_symlink() or not path.is_file():
                    continue
                with suppress(FileNotFoundError):  # another run has ended meanwhile
                    secrets = self.found_in(path.read_bytes())
                    if path.name == "identity":  # which has to lie somewhere
                        secrets = {name for name in secrets if "identity" not in name}
                    if secrets:
                        found[str(path)] = secrets
        return found

    def in_arguments(self, process: int) -> dict[str, set[str]]:
        """The commands below a process that have secrets in their arguments."""
        lines = (Path(f"/proc/{child}/cmdline").read_bytes() for child in below(process))
        return {str(line): secrets for line in lines if (secrets := self.found_in(line))}


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What a process writes up to the line that has a text in it."""
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"It ended without '{text}':\n{said[-3000:]}")


def below(process: int) -> list[int]:
    """A process, its children and theirs."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [process]
    for one in found:
        found += children.get(one, [])
    return found


def named(process: int, program: str) -> int:
    """The process below another that runs a program."""
    for child in below(process):
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if any(Path(word.decode()).name == program for word in words[:2]):
            return child
    raise LookupError(f"No {program} runs")


def project_in(folder: Path, secrets: Mapping[str, str], select: list[str]) -> Project:
    """A copy of this project in a folder, with the plugins of this one."""

    def choose(plugins: dict[str, Any]) -> None:
        plugins["extractors"][0]["select"] = select

    copied(folder, choose)
    (folder / "home").mkdir()
    return Project(folder, dict(secrets))
