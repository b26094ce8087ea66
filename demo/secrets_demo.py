"""Credentials sealed, a run, a webhook, another run: and none of them in clear on the disk.

Works in a scratch copy of the project, with the plugins of this one: a `.env` file with credentials
is sealed and shredded, `visma-secrets exec` gives them to `meltano run`, to the receiver of
webhooks, and to a run that reads what was hinted at. Every file of the project, of Meltano's state
and of the run is searched before, during and after; so are arguments and output.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import requests

from common import BIN, calls, control, sandbox, say
from meltano_projects import variables
from secrets_project import MEMORY, Project, project_in, read_until

if TYPE_CHECKING:
    from collections.abc import Mapping

SELECT = ["accounts.*", "suppliers.*", "customers.*", "webhook_events.*"]
MASK_KEY = "8f14-the-key-of-hashes-e45f"
WEBHOOK_SECRET = "5a10-what-signs-the-events-c3d2"  # noqa: S105 - the sandbox's


def main() -> None:
    """Run the demo in a folder that is gone at its end."""
    with (
        tempfile.TemporaryDirectory(prefix="visma-secrets-demo-") as folder,
        sandbox("NO") as ready,
    ):
        found = show(Path(folder), ready)
    if found:
        sys.exit(f"Found in clear: {found}")
    say("No credential was in clear in any file, argument or line of output.")


def show(folder: Path, ready: Mapping[str, Any]) -> dict[str, set[str]]:
    """Seal, run, receive, run again; gives where credentials were found since they were sealed."""
    secrets = {
        "client_secret": ready["client_secret"],
        "mask_key": MASK_KEY,
        "webhook_secrets": WEBHOOK_SECRET,
    }
    project = project_in(folder, secrets, SELECT)
    settings = settings_for(folder, ready)
    (folder / ".env").write_text("".join(f"{key}='{value}'\n" for key, value in settings.items()))
    say("What everybody begins with: a .env file. Credentials in clear on the disk:")
    if set().union(*project.in_files().values()) != secrets.keys():
        sys.exit("The search does not find what is there.")
    table(project)

    say("Sealed, and the file shredded.")
    public = verb(project, "init").strip()
    verb(project, "import", "--shred", ".env")
    print((folder / "secrets" / "dev.age").read_text()[:200] + "...")
    print(verb(project, "list").replace(f"{folder}/", ""))
    project.secrets["identity"] = project.identity()
    say("Credentials in clear on the disk:")
    table(project)

    watch = Watch(project)
    say("A run, watched while it goes on.")
    meltano(project, watch, "First run")
    told = webhook(project, watch, ready)
    say("A run that reads what was hinted at, and nothing else.")
    calls(ready, "path")  # what was called until now
    meltano(project, watch, "Hinted run", TAP_VISMA_RUN="hinted")
    asked = calls(ready, "path")
    print("Calls:", ", ".join(f"{path} {count}" for path, count in asked.items()))
    events = rows(folder, "SELECT count(*) FROM visma.webhook_events")[0][0]
    print(f"Events in the warehouse: {events}")
    if not told or events != told or set(asked) != {"/v1/account"}:
        sys.exit("The event did not arrive, or was not used.")

    say("A new identity: all files are sealed anew, and the old one is taken away.")
    if verb(project, "rotate").strip() == public:
        sys.exit("The identity is still the old one.")
    (folder / "home" / ".config" / "visma-secrets" / "identity.old").unlink()
    verb(project, "list")
    project.secrets["new identity"] = project.identity()

    say("Credentials in clear, in files of project, state and runs, in arguments and in output:")
    watch.look()
    table(project)
    print(f"looked {watch.looks} times while runs went on: {sorted(watch.found) or 'none'}")
    print(f"in memory meanwhile, in {MEMORY}: {', '.join(sorted(watch.in_memory)) or 'none'}")
    if MEMORY.exists() and not watch.in_memory:
        sys.exit("The search did not see the run's folder.")
    return watch.found


class Watch:
    """A search that is repeated while something runs."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.looks = 0
        self.found: dict[str, set[str]] = {}
        self.in_memory: set[str] = set()

    def look(self, process: int | None = None, said: str = "") -> None:
        """Search files, the arguments of a process and of those below it, and a text."""
        self.looks += 1
        self.found |= self.project.in_files()
        if process:
            self.found |= self.project.in_arguments(process)
        if secrets := self.project.found_in(said.encode()):
            self.found["output"] = secrets
        for secrets in self.project.in_files(MEMORY).values():
            self.in_memory |= secrets


def settings_for(folder: Path, ready: Mapping[str, Any]) -> dict[str, str]:
    """What the `.env` file says."""
    companies = [
        {key: of[key] for key in ("company_id", "tenant_id", "name")} for of in ready["companies"]
    ]
    tap = {
        "client_id": ready["client_id"],
        "client_secret": ready["client_secret"],
        "companies": companies,
        "api_url": ready["url"],
        "token_url": f"{ready['url']}/connect/token",
        "mask_key": MASK_KEY,
        "webhook_inbox": str(folder / "inbox.sqlite"),
        "webhook_secrets": [WEBHOOK_SECRET],
        "webhook_senders": ["127.0.0.1"],
    }
    database = str(folder / "warehouse.duckdb")
    return variables("TAP_VISMA", tap) | {"TARGET_DUCKDB_PATH": database}


def meltano(project: Project, watch: Watch, title: str, **more: str) -> None:
    """Run the tap into DuckDB by `exec`, and look for credentials at every line that it writes."""
    run = ("meltano", "--log-level=info", "run", "tap-visma", "target-duckdb")
    print(f"$ visma-secrets exec -- {' '.join(run)}")
    began = time.monotonic()
    said = ""
    with project.run(*run, **more) as process:
        for line in process.stdout or ():
            said += line
            watch.look(process.pid)
    watch.look(said=said)
    if process.returncode != 0:
        sys.exit(f"{said[-3000:]}\n{title} ended with exit code {process.returncode}.")
    print(f"done in {time.monotonic() - began:.0f} s")


def webhook(project: Project, watch: Watch, ready: Mapping[str, Any]) -> int:
    """Receive what Visma says of a deleted account; gives how many events were taken."""
    serve = ("tap-visma-webhooks", "--config=ENV", "serve", "--port=0")
    say("An account is deleted at Visma, which tells the receiver of webhooks.")
    print(f"$ visma-secrets exec -- {' '.join(serve)}")
    with project.run(*serve) as process:
        url = json.loads(read_until(process, '"url"').splitlines()[-1])["url"]
        control(ready, "webhooks", {"url": f"{url}/webhooks", "secret": WEBHOOK_SECRET})
        company = ready["companies"][0]["company_id"]
        control(
            ready,
            "change",
            {"company_id": company, "path": "/v1/account", "operation": "delete", "count": 1},
        )
        watch.look(process.pid)
        process.terminate()
        said, _ = process.communicate()
    (subscription,) = requests.get(f"{ready['url']}/__sandbox/webhooks", timeout=60).json()
    print(f"{subscription['sent']} signed event taken, receiver ended with {process.returncode}")
    watch.look(said=said)
    return int(subscription["sent"])


def verb(project: Project, *arguments: str) -> str:
    """What one of the command's verbs prints."""
    print(f"$ visma-secrets {' '.join(arguments)}", flush=True)
    return subprocess.run(  # noqa: S603
        [str(BIN / "visma-secrets"), *arguments],
        cwd=project.folder,
        env=project.environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ).stdout


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a query of the warehouse gives."""
    with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as connection:
        return connection.sql(sql).fetchall()


def table(project: Project) -> None:
    """Print in which files which credentials are."""
    found = project.in_files()
    for path, names in found.items():
        print(f"  {path.removeprefix(f'{project.folder}/')}: {', '.join(sorted(names))}")
    if not found:
        print("  none")


if __name__ == "__main__":
    main()
