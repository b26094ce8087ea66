"""Singer target for the warehouse that Looker models: PostgreSQL tables, kept whole.

All streams of a run become visible in one transaction, so no dashboard ever shows invoices without
their suppliers; the tables stay the same ones for ever, so grants and views on them last.
"""

from __future__ import annotations

__version__ = "0.1.0"
