"""What a package's rooms are, and which of them each one uses: for the tests of its house."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def rooms(package: ModuleType) -> dict[str, Path]:
    """The modules of a package by their names."""
    return {path.stem: path for path in Path(*package.__path__).glob("*.py")}


def imports(room: Path, package: ModuleType) -> set[str]:
    """The rooms that a room uses when it runs; what it imports for types alone is left out."""
    return _imports(ast.parse(room.read_text()), package.__name__)


def _imports(tree: ast.AST, package: str) -> set[str]:
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package):
            _, _, room = (node.module or "").partition(".")
            found |= {room} if room else {alias.name for alias in node.names}
        else:
            found |= _imports(node, package)
    return found
