"""Singer target for Databricks: Unity Catalog tables, by merges that can be given twice.

Every statement that this package sends may be sent again: that is what makes a lost answer, a
crash and three loaders at once harmless, and the one rule to keep when adding a statement.
"""

from __future__ import annotations

__version__ = "0.1.0"
