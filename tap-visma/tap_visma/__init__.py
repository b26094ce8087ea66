"""Singer tap for Visma.net ERP."""

from __future__ import annotations
