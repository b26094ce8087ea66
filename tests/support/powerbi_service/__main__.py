"""Run the command."""

from __future__ import annotations

import sys

from powerbi_service.command import main

sys.exit(main())
