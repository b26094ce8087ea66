"""Singer target for BigQuery: load jobs into staging tables, and merges that can be given twice.

Every call and job of this package may be done again: that is what makes a lost answer, a failed
job and a crash harmless, and the one rule to keep when adding one.
"""

from __future__ import annotations

__version__ = "0.1.0"
