"""Run the command."""

from __future__ import annotations

import sys

from looker_service.command import main

sys.exit(main())
