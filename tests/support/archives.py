"""An archive as a test sees it: its files, and what the commands say of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_visma import batches
from tap_visma.archive import Archive, Place
from tap_visma.stores import at

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tap_runs import Run


@dataclass
class Kept:
    """A folder that the tap archives into."""

    folder: Path

    @property
    def url(self) -> str:
        return str(self.folder)

    @property
    def archive(self) -> Archive:
        return Archive(at(self.url))

    def places(self, stream: str | None = None) -> list[Place]:
        return self.archive.places(stream=stream)

    def pages(self) -> list[Path]:
        return sorted(self.folder.rglob("*.page"))

    def manifests(self) -> list[Path]:
        return sorted(self.folder.rglob("manifest.jsonl"))

    def left_open(self) -> list[Path]:
        return sorted(self.folder.glob("open/*.json"))


def command(
    capfdbinary: pytest.CaptureFixture[bytes], folder: Path, *arguments: str, **settings: Any
) -> tuple[int, bytes, str]:
    """Run `tap-visma-batches` on an archive: exit code, stdout and stderr."""
    config = folder.parent / "batches.json"
    config.write_text(json.dumps({"archive_url": str(folder)} | settings))
    capfdbinary.readouterr()
    code = batches.main(["--config", str(config), *arguments])
    out, err = capfdbinary.readouterr()
    return code, out, err.decode()


def told(run: Run, streams: set[str]) -> list[bytes]:
    """The SCHEMA and RECORD lines of some streams, as they were written."""
    heads = [f'"stream":"{stream}"'.encode() for stream in streams]
    return [
        line
        for line in run.lines
        if line.startswith((b'{"type":"SCHEMA"', b'{"type":"RECORD"'))
        and any(head in line[:200] for head in heads)
    ]


def last_rows(run: Run) -> list[dict[str, Any]]:
    """The ledger as a loader would hold it after the run."""
    return list(run.rows("sync_batches").values())
