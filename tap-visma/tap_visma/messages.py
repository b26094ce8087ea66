"""Singer messages as bytes on stdout: records by the page, and STATE no more often than it pays.

Knows JSON and stdout; knows no Visma.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter, enc_hook
from singer_sdk.singerlib import StateMessage

from tap_visma.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.singerlib import Message

    from tap_visma.records import Record

FLUSH_BYTES = 1 << 20

_NUMBER_ENCODER = msgspec.json.Encoder(enc_hook=enc_hook, decimal_format="number")
_TEXT_ENCODER = msgspec.json.Encoder(enc_hook=enc_hook, decimal_format="string")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class RecordMessage(msgspec.Struct):
    """A RECORD message around a record of a compiled type."""

    type: str
    stream: str
    record: Any
    version: int
    time_extracted: str


class Writer(MsgSpecWriter):
    """Writes messages whole, whatever signal comes.

    Attributes:
        decimals_as_text: Whether decimals in messages are written as text, not as numbers.
        bytes_since_state: Written since the last STATE.
        state_bytes: Size of the last STATE.
    """

    decimals_as_text = False
    bytes_since_state = 0
    state_bytes = 0
    _writing = False
    _exit_code: int | None = None

    def serialize_message(self, message: Message) -> bytearray:
        """A message as a line."""
        line = bytearray()
        encoder = _TEXT_ENCODER if self.decimals_as_text else _NUMBER_ENCODER
        encoder.encode_into(message.to_dict(), line)
        line += b"\n"
        return line

    def write_message(self, message: Message) -> None:
        """Write a message as a whole, and flush."""
        line = self.format_message(message)
        self.write_lines(line)
        with _named_if_closed():
            sys.stdout.flush()
        if isinstance(message, StateMessage):
            self.state_bytes = len(line)
            self.bytes_since_state = 0

    def write_lines(self, lines: bytearray) -> None:
        """Write whole lines as they are."""
        self._writing = True
        written = 0
        while written < len(lines):
            # A signal lets a write to a full pipe come back early, with part of it done
            with memoryview(lines) as rest, _named_if_closed():
                written += sys.stdout.buffer.write(rest[written:])
        self._writing = False
        self.bytes_since_state += len(lines)
        if self._exit_code is not None:
            raise SystemExit(self._exit_code)

    def end_process(self, exit_code: int) -> None:
        """End the process from a signal handler, but not within a line."""
        if self._writing:
            self._exit_code = exit_code
        else:
            raise SystemExit(exit_code)


@contextmanager
def _named_if_closed() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise OutputError(
            "what reads the tap's output has ended before the tap did", "Its own log says why"
        ) from None


class RecordLines:
    """RECORD lines of one stream, gathered into large writes.

    Decimals and pseudonyms become text, everything else stays as it is in the record.
    """

    def __init__(self, stream: str, version: int, writer: Writer) -> None:
        self._writer = writer
        self._message = RecordMessage("RECORD", stream, None, version, "")
        self._lines = bytearray()

    def add(self, record: Record) -> None:
        """Add one record, which must be of a compiled type."""
        self._message.record = record
        self._message.time_extracted = record._extracted_at  # noqa: SLF001
        _TEXT_ENCODER.encode_into(self._message, self._lines, -1)
        self._lines += b"\n"
        if len(self._lines) > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write out what has been gathered."""
        self._writer.write_lines(self._lines)
        self._lines.clear()


def as_json(values: dict[str, Any]) -> bytes:
    """A dictionary as JSON whose numbers keep all their digits."""
    return _NUMBER_ENCODER.encode(values)


def of_json(text: bytes) -> dict[str, Any]:
    """The dictionary that was written as JSON; numbers with decimals are Decimal."""
    values: dict[str, Any] = _DECODER.decode(text)
    return values


def as_dict(record: Record) -> dict[str, Any]:
    """A record as a dictionary, for those who look inside: numbers with decimals are Decimal."""
    return of_json(_NUMBER_ENCODER.encode(record))
