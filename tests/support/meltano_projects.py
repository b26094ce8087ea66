"""This project's Meltano in a folder of its own, so that runs of several tests do not meet.

The copy has this project's definition and, by links, its installed plugins; state, run files and
all else that Meltano writes are its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_runs import Visma

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).absolute().parent


def variables(plugin: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings of a plugin as the variables that Meltano takes."""
    return {
        f"{plugin}_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }


def copied(folder: Path, change: Callable[[dict[str, Any]], None] = lambda _plugins: None) -> None:
    """Make the copy in a folder.

    Args:
        folder: The folder.
        change: Changes the plugins of the definition.
    """
    definition = yaml.safe_load((ROOT / "meltano.yml").read_text())
    change(definition["plugins"])
    (folder / "meltano.yml").write_text(yaml.safe_dump(definition))
    (folder / ".meltano").mkdir()
    for kind in definition["plugins"]:
        (folder / ".meltano" / kind).symlink_to(ROOT / ".meltano" / kind)


@dataclass
class Project:
    """The copy, with the settings of its plugins.

    Attributes:
        folder: Where it is.
        environment: Variables of its own.
        secrets: What no output may have in it.
    """

    folder: Path
    environment: dict[str, str]
    secrets: tuple[str, ...] = ()

    def begin(self, *command: str) -> subprocess.Popen[str]:
        """Begin `meltano run`; output and errors come as one."""
        return subprocess.Popen(
            [BIN / "meltano", "run", *command],
            cwd=self.folder,
            env=os.environ | self.environment | {"MELTANO_AUTO_INSTALL": "false"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str) -> str:
        """Run `meltano run` to its good end; gives what it wrote."""
        process = self.begin(*command)
        output, _ = process.communicate(timeout=400)
        assert process.returncode == 0, output[-3000:]
        for secret in self.secrets:
            assert secret not in output
        return output

    def replay(self, batch_id: str, loader: str) -> None:
        """Write a batch once more, from the archive."""
        self.environment["TAP_VISMA_REPLAY_BATCH_ID"] = batch_id
        self.run("tap-visma-replay", loader)

    def nights(self, visma: Visma, *command: str) -> Iterator[int]:
        """Run twice, with a business day between; gives the number of each night after it.

        The second one must have asked only for what had changed.
        """
        for night in (1, 2):
            visma.forget_calls()
            self.run(*command)
            yield night
            visma.control("advance", {"days": 1})
        asked = [call["params"] for call in visma.calls()]
        assert asked
        assert all("lastModifiedDateTime" in params for params in asked)


def project(
    folder: Path,
    visma: Visma,
    streams: tuple[str, ...],
    loader: str,
    settings: Mapping[str, Any],
    *,
    secrets: tuple[str, ...] = (),
) -> Project:
    """A copy that is ready to read from a sandbox.

    Args:
        folder: Where to make it.
        visma: The sandbox.
        streams: To select.
        loader: What the loader's variables begin with.
        settings: Of the loader.
        secrets: What no output may have in it, beside the sandbox's.
    """
    copied(folder)
    environment = variables("TAP_VISMA", visma.config) | variables(loader, settings)
    environment["TAP_VISMA_ARCHIVE_URL"] = str(folder / "archive")
    environment["TAP_VISMA__SELECT"] = json.dumps([f"{stream}.*" for stream in streams])
    return Project(folder, environment, (visma.config["client_secret"], *secrets))


def key_of(visma: Visma, invoice: Mapping[str, Any], company: int = 0) -> str:
    """The `record_id` of an invoice."""
    return ":".join(
        [visma.company_id(company), invoice["documentType"], invoice["referenceNumber"]]
    )
