"""What tap and loaders cost, measured beside floors and beside other ways to do the same."""

from __future__ import annotations
