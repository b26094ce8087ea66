"""Singer target for Snowflake: tables by merges that can be given twice, never older over newer.

Every statement that this package sends may be sent again: that is what makes a lost answer and a
crash harmless, and the one rule to keep when adding a statement.
"""

from __future__ import annotations

__version__ = "0.1.0"
