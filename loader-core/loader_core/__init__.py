"""What Singer targets share: typed batches, a durable outbox, and STATE that never runs ahead.

A target is a `Writer` and a `LoaderTarget` that names it. This package knows no destination.
"""

from __future__ import annotations

from loader_core.batches import Batch
from loader_core.command import run
from loader_core.errors import (
    DestinationError,
    LoaderError,
    LostAnswerError,
    RejectedError,
    SchemaError,
    SettingsError,
)
from loader_core.tables import Document, Table
from loader_core.target import LoaderTarget
from loader_core.writer import Outcome, Writer

__all__ = [
    "Batch",
    "DestinationError",
    "Document",
    "LoaderError",
    "LoaderTarget",
    "LostAnswerError",
    "Outcome",
    "RejectedError",
    "SchemaError",
    "SettingsError",
    "Table",
    "Writer",
    "run",
]
