"""The command line of a target: the SDK's, with faults told in one line each."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from loader_core.errors import LoaderError, OutputError

if TYPE_CHECKING:
    from loader_core.target import LoaderTarget


def run(target: type[LoaderTarget]) -> None:
    """Run a target's command.

    A fault that a person has to mend ends it with exit code 1 and a message, no traceback.

    Args:
        target: The target.
    """
    try:
        target.cli()
    except OutputError as error:
        # What is still in the buffer cannot be written; at exit Python would try, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _end(target, str(error))
    except LoaderError as error:
        _end(target, str(error))
    except FileNotFoundError as error:
        _end(target, str(error))
    except ValueError as error:
        if type(error).__name__ != "JSONDecodeError":  # of simplejson, which the SDK reads with
            raise
        _end(target, "A file given is not JSON.")


def _end(target: type[LoaderTarget], message: str) -> None:
    logging.getLogger(target.name).error("%s", message)
    sys.exit(1)
