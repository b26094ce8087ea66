"""What the tap costs, measured beside a floor and beside other ways to read the same list."""

from __future__ import annotations
