"""A Visma.net ERP API to run on one's own machine, with its traps and with books that balance."""

from __future__ import annotations

from visma_sandbox.sandbox import Sandbox

__version__ = "0.1.0"

__all__ = ["Sandbox", "__version__"]
