"""Checks of a warehouse: before a load what would fail in it, after it whether all has landed.

Talks to Snowflake and BigQuery over their REST interfaces, as the loaders' users do. Changes
nothing, starts no warehouse before a load, and imports no loader.
"""

from __future__ import annotations

__version__ = "0.1.0"
