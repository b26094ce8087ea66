"""Singer messages from stdin, many at a time, and STATE to stdout.

Knows lines and the envelope of messages; a record, a schema and a state stay the bytes that they
are, so that nothing in them is changed on the way.
"""

from __future__ import annotations

import io
import os
import select
import sys
import threading
from collections import Counter
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NoReturn, Protocol

import msgspec
from msgspec import Raw
from singer_sdk.singerlib.encoding.base import GenericSingerReader

from loader_core.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BLOCK_BYTES = 1 << 20
IDLE_SECONDS = 1.0
"""How long nothing has to come before the receiver hears of that."""
_CLOSING_SECONDS = 5.0
TODO_AFTER_INPUT = (
    "See the tap's log; what came before is loaded, and the next run goes on from there"
)


_ABSENT = Raw(b"")


class Message(msgspec.Struct, gc=False):
    """The envelope of any message; what is absent is empty."""

    type: str
    stream: str = ""
    record: Raw = _ABSENT
    schema: Raw = _ABSENT
    value: Raw = _ABSENT
    key_properties: list[str] | None = None
    version: int | None = None
    time_extracted: str | None = None


class Receiver(Protocol):
    """Who takes the messages."""

    def begin(self) -> None:
        """The input is open."""

    def take(self, messages: Sequence[Message]) -> None:
        """Messages have come; none, if nothing has come for a while."""

    def fail(self) -> None:
        """What was raised by one of the above, or by the input, ends the run."""


class LineReader(GenericSingerReader[str]):
    """Reads lines in blocks, and hands on the messages in them.

    In place of the SDK's readers, which make a dictionary of every line.

    Attributes:
        receiver: Who takes the messages.
        torn: The input ended within a line.
    """

    receiver: Receiver
    torn = False

    @property
    def default_input(self) -> IO[str]:
        """The process's own input."""
        return sys.stdin

    def deserialize_json(self, line: str) -> NoReturn:
        """Not offered: lines are decoded by the block.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError

    def process_lines(
        self,
        file_input: IO[str] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],  # noqa: ARG002 - the SDK's way
    ) -> Counter[str]:
        """Read to the end.

        Args:
            file_input: Where to read from, if not from stdin. Its bytes are read, not its text.
            callbacks: Not used: the receiver gets the messages.

        Returns:
            How many messages came of each type.

        Raises:
            LoaderError: The input is not what a tap writes, or the receiver cannot go on.
        """
        counts: Counter[str] = Counter()
        try:
            self.receiver.begin()
            for block in _blocks(file_input or self.default_input):
                messages = self._decode(block, counts.total()) if block else []
                counts.update([message.type for message in messages])
                self.receiver.take(messages)
        except BaseException:
            self.receiver.fail()
            raise
        return counts

    def _decode(self, block: bytes, before: int) -> list[Message]:
        try:
            return _DECODER.decode_lines(block)
        except (msgspec.MsgspecError, RecursionError):
            pass
        lines = [line for line in block.split(b"\n") if line.strip()]
        messages = []
        for number, line in enumerate(lines, 1):
            try:
                messages.append(_DECODER.decode(line))
            except (msgspec.MsgspecError, RecursionError):
                if number == len(lines) and not block.endswith(b"\n"):
                    self.torn = True
                    break
                raise InputError(
                    f"message {before + number} of the input is not a Singer message",
                    TODO_AFTER_INPUT,
                ) from None
        return messages


def _blocks(file: IO[str]) -> Iterator[bytes]:
    """Whole lines, as many as have come; nothing, when none have come for a while.

    Only the last block can end within a line.
    """
    torn: list[bytes] = []
    for chunk in _chunks(file):
        head, newline, tail = chunk.rpartition(b"\n")
        if newline:
            yield b"".join((*torn, head, newline))
            torn = []
        elif not chunk:
            yield b""
        if tail:
            torn.append(tail)
    if torn:
        yield b"".join(torn)


def _chunks(file: IO[str]) -> Iterator[bytes]:
    """Bytes as they come; nothing, when none have come for a while."""
    source: BinaryIO | IO[str] = getattr(file, "buffer", file)
    try:
        descriptor = source.fileno()
    except (io.UnsupportedOperation, AttributeError):
        while data := source.read(BLOCK_BYTES):
            yield data.encode() if isinstance(data, str) else data
        return
    can_wait = sys.platform != "win32"  # where only sockets can be waited for
    while True:
        if can_wait and not select.select([descriptor], [], [], IDLE_SECONDS)[0]:
            yield b""
            continue
        data = os.read(descriptor, BLOCK_BYTES)
        if not data:
            return
        yield data


class StateOutput:
    """Writes STATE to stdout, each as a whole, whatever signal comes."""

    def __init__(self) -> None:
        self._writing = threading.Lock()

    def write(self, value: bytes) -> None:
        """Write the value of a STATE message, as it came, on a line of its own."""
        with self._writing:
            try:
                out = getattr(sys.stdout, "buffer", None)
                if out is None:
                    sys.stdout.write(value.decode() + "\n")
                else:
                    out.write(value + b"\n")
                sys.stdout.flush()
            except BrokenPipeError:
                raise OutputError(
                    "what reads the STATE has ended before the target did",
                    "Its own log says why; what is loaded stays, and is sent again by the next run",
                ) from None
            except OSError as error:
                raise OutputError(
                    f"the STATE cannot be written: {error.strerror}",
                    "See to where stdout goes; what is loaded stays, and is sent again by the next "
                    "run",
                ) from None

    def end_process(self, exit_code: int) -> NoReturn:
        """End the process at once, but not within a line. The outbox is made for that."""
        self._writing.acquire(timeout=_CLOSING_SECONDS)
        os._exit(exit_code)


_DECODER = msgspec.json.Decoder(Message)
