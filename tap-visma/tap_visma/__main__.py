"""The command line: the SDK's, with faults told in one line each."""

from __future__ import annotations

import logging
import os
import sys

from singer_sdk.exceptions import ConfigValidationError

from tap_visma.errors import OutputError, VismaError
from tap_visma.tap import TapVisma


def main() -> None:
    """Run `tap-visma`.

    A fault that a person has to mend ends it with exit code 1 and a message, no traceback.
    """
    try:
        TapVisma.cli()
    except OutputError as error:
        # What is still in the buffer cannot be written; at exit Python would try, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _end(str(error))
    except VismaError as error:
        _end(str(error))
    except ConfigValidationError as error:
        _end(*error.errors)
    except FileNotFoundError as error:
        _end(str(error))
    except ValueError as error:
        if type(error).__name__ != "JSONDecodeError":  # of simplejson, which the SDK reads with
            raise
        _end("A file given is not JSON.")


def _end(*messages: str) -> None:
    for message in messages:
        logging.getLogger(TapVisma.name).error("%s", message)
    sys.exit(1)


if __name__ == "__main__":
    main()
