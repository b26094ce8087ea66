"""The README names all that the code has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from visma_sandbox.control import ROUTES
from visma_sandbox.endpoints import ENDPOINTS
from visma_sandbox.faults import ACTIONS
from visma_sandbox.history import SIZES

if TYPE_CHECKING:
    from visma_sandbox.endpoint import Endpoint

README = (Path(__file__).parents[2] / "visma-sandbox" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_each_list_is_in_the_table_with_its_key_and_cap(endpoint: Endpoint) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{endpoint.path}` |"))
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[2] in {", ".join(endpoint.key), "the text"}
    assert cells[3] == str(endpoint.page_cap or cells[3])
    assert cells[5].startswith("yes") == endpoint.metadata
    assert cells[6].startswith(endpoint.modified_filter or "none")
    assert cells[6].endswith("created") == endpoint.created_filter


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_each_fault_is_explained(action: str) -> None:
    assert f"`{action}`" in README


@pytest.mark.parametrize("name", sorted({name for _, name in ROUTES}))
def test_each_control_endpoint_is_explained(name: str) -> None:
    assert f"/__sandbox/{name}".rstrip("/") in README


@pytest.mark.parametrize("size", list(SIZES))
def test_each_size_is_measured(size: str) -> None:
    assert f"| {size} |" in README
