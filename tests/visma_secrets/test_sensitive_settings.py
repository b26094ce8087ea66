"""What a plugin calls a secret is sensitive in meltano.yml, and never printed by Meltano."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from meltano_projects import ROOT, variables
from secrets_project import project_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

PRINT_ALL = """
import sys
from meltano.cli import cli
for name in sys.argv[1:]:
    print("plugin", name, flush=True)
    cli.main(["config", "print", name], standalone_mode=False)
    print(flush=True)
"""


def plugins() -> Iterator[tuple[str, dict[str, Any]]]:
    """The plugins of meltano.yml that have settings of their own and are installed."""
    definition = yaml.safe_load((ROOT / "meltano.yml").read_text())
    for kind, those in definition["plugins"].items():
        for plugin in those:
            if "settings" in plugin and program(kind, plugin).exists():
                yield kind, plugin


def program(kind: str, plugin: dict[str, Any]) -> Path:
    place = ROOT / ".meltano" / kind / str(plugin["name"]) / "venv" / "bin"
    return place / str(plugin.get("executable", plugin["name"]))


def sensitive(plugin: dict[str, Any]) -> set[str]:
    return {of["name"] for of in plugin["settings"] if of.get("sensitive")}


def test_every_secret_of_a_plugin_is_sensitive_in_meltano() -> None:
    asked = {}
    for kind, plugin in plugins():
        if "about" not in plugin.get("capabilities", ()):
            continue
        told = subprocess.run(
            [program(kind, plugin), "--about", "--format=json"], check=True, capture_output=True
        )
        settings = json.loads(told.stdout)["settings"]["properties"]
        secret = {name for name, of in settings.items() if of.get("secret")}
        asked[plugin["name"]] = secret
        assert secret == sensitive(plugin), plugin["name"]

    assert {"client_secret", "mask_key", "archive_identity"} <= asked["tap-visma"]


def test_meltano_prints_no_sensitive_setting(tmp_path: Path) -> None:
    those = [plugin for _, plugin in plugins()]
    project = project_in(tmp_path, {}, ["*.*"])
    environment = project.environment
    for plugin in those:
        for setting in plugin["settings"]:
            if setting.get("sensitive"):
                value = f"value-of-{plugin['name']}-{setting['name']}"
                project.secrets[value] = value
                given = [value] if setting["kind"] == "array" else value
                environment |= variables(plugin["namespace"].upper(), {setting["name"]: given})

    done = subprocess.run(
        [sys.executable, "-c", PRINT_ALL, *(plugin["name"] for plugin in those)],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert project.secrets
    assert project.found_in(f"{done.stdout}{done.stderr}".encode()) == set()
    for plugin in those:
        printed = done.stdout.partition(f"plugin {plugin['name']}\n")[2].partition("\nplugin ")[0]
        settings = json.loads(printed)
        assert all(settings[name] == "*****" for name in sensitive(plugin)), plugin["name"]
