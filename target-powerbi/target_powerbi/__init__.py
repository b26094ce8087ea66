"""Singer target for Power BI: push semantic models, and Delta tables in OneLake.

What is asked of the service is noted on the disk before, so that a run that ends anywhere is gone
on with by the next one: that is the one rule to keep when adding a call that changes something.
"""

from __future__ import annotations

__version__ = "0.1.0"
