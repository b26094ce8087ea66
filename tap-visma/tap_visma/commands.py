"""What the commands beside the tap share: settings as the tap takes them, and output.

Knows files, variables and pipes; knows no Visma.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tap_visma.errors import SettingsError
from tap_visma.tap import TapVisma

if TYPE_CHECKING:
    from argparse import ArgumentParser


def add_config(parser: ArgumentParser) -> None:
    """Add the option `--config`, as the tap has it."""
    parser.add_argument(
        "--config",
        action="append",
        required=True,
        help="settings file, or ENV for TAP_VISMA_ variables; can be given more than once",
    )


def tap(files: list[str], catalog: str | None = None) -> TapVisma:
    """The tap with settings that are not yet checked.

    Raises:
        SettingsError: A file cannot be read.
    """
    config: dict[str, Any] = {}
    for file in files:
        config |= _json(file) if file != "ENV" else {}
    try:
        return TapVisma(
            config=config,
            catalog=_json(catalog) if catalog else None,
            parse_env_config="ENV" in files,
            validate_config=False,
        )
    except ValueError:
        raise SettingsError(
            "A TAP_VISMA_ variable is not of its setting's kind", "See the table of settings"
        ) from None
    except Exception as error:  # noqa: BLE001 - the SDK's of any kind, whose texts can quote values
        raise SettingsError(
            f"Catalog, stream maps or flattening are not understood ({type(error).__name__})",
            "Make a catalog with `tap-visma --discover`, and see the table of settings",
        ) from None


def complain(lines: list[str]) -> None:
    """Write what is wrong to stderr."""
    sys.stderr.writelines(f"{line}\n" for line in lines)


def write(data: bytes) -> None:
    """Write a line, or several, to stdout, if anybody reads it."""
    try:
        sys.stdout.buffer.write(data + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # What is still in the buffer cannot be written; at exit Python would try, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_json(value: object) -> None:
    """Write a value as indented JSON to stdout."""
    write(msgspec.json.format(msgspec.json.encode(value)))


def _json(file: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(Path(file).read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise SettingsError(str(error), "Check the paths given") from None
    except msgspec.MsgspecError:
        raise SettingsError("A file given is not JSON", "It must hold one object") from None
