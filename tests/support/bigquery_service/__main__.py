"""Run the command."""

from __future__ import annotations

import os
import sys

from bigquery_service.command import main

code = main()
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # at once: threads that hold a job back would be waited for
