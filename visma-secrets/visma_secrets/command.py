"""`visma-secrets`: seals credentials, and gives them to one command.

Knows the command line and what people are told; all that is done is done in other rooms. Values
come from a terminal without echo or from stdin, never from arguments, which everybody can see.
"""

from __future__ import annotations

import argparse
import getpass
import os
import platform
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from visma_secrets import dotenv, identities, keyrings, run_folder, running
from visma_secrets.durable import Disk
from visma_secrets.errors import SealedError, SecretsError, UsageError
from visma_secrets.rotation import rotate
from visma_secrets.sealed import SealedFile, checked, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visma_secrets.identities import Identity
    from visma_secrets.sealed import Content

NAME = "visma-secrets"
_OWN_FAULT = 125
"""What `exec` ends with when the fault is not the command's, as `env` and `timeout` do."""
_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong without quoting it: it could be a value."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        if message.startswith("argument "):
            message = f"{message.partition(':')[0]} is not understood, see --help"
        elif not message.startswith("the following arguments are required"):
            message = "the arguments are not understood, see --help"
        self.exit(2, f"{self.prog}: {message}\n")


@dataclass(frozen=True)
class Place:
    """Where a verb finds things."""

    folder: Path
    file: SealedFile
    disk: Disk
    identity_file: Path | None

    def identity(self) -> Identity:
        """The identity; where it was found is told."""
        found = identities.find(self.identity_file, os.environ)
        _tell(f"identity: {found.place}, public key {found.public}")
        return found

    def make_folder(self) -> None:
        """Make the folder of sealed files: they may be seen."""
        self.disk.make_folder(self.folder, 0o755)


def main(arguments: Sequence[str] | None = None, disk: Disk | None = None) -> int:
    """Run `visma-secrets`.

    Args:
        arguments: Those of the command line.
        disk: In place of the real one.

    Returns:
        0; 1 when files or identities are not as they should be; 2 when arguments are wrong. After
        `exec`: the exit code of the command, or 125, 126, 127 when it was not run.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    own, command = _divided(given)
    parsed, more = parser().parse_known_args(own)
    try:
        if more:
            raise UsageError(
                "There are more arguments than the verb takes",
                "Values are never arguments: everybody could see them. Pipe a value in, or let "
                "the verb ask for it",
            )
        parsed.command = command
        done: int = parsed.run(_place(parsed, disk or Disk()), parsed)
    except SecretsError as error:
        _tell(str(error))
        return max(error.exit_code, _OWN_FAULT) if parsed.run is _exec else error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    return done


def _divided(given: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and the command after `--`."""
    place = given.index("--") if "--" in given else len(given)
    return given[:place], given[place + 1 :]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = _Parser(NAME, description=str(__doc__).split("\n", maxsplit=1)[0], allow_abbrev=False)
    verbs = whole.add_subparsers(required=True, metavar="VERB", parser_class=_Parser)

    def verb(name: str, told: str, run: object) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=told, description=told, allow_abbrev=False)
        added.set_defaults(run=run)
        added.add_argument(
            "-e",
            "--environment",
            default=os.environ.get("MELTANO_ENVIRONMENT") or "dev",
            help="name of the sealed file: an environment or a company; by default "
            "$MELTANO_ENVIRONMENT, else dev",
        )
        added.add_argument(
            "--folder", type=Path, help="folder of sealed files; by default the project's `secrets`"
        )
        added.add_argument("--identity", type=Path, metavar="FILE", help="file with the identity")
        return added

    init = verb("init", "make an identity, and show its public key", _init)
    init.add_argument("--keyring", action="store_true", help="keep it in the system's keyring")
    verb("set", "set a variable to what is typed without echo, or piped in", _set).add_argument(
        "key", metavar="KEY"
    )
    imports = verb("import", "take all variables of a .env file", _import)
    imports.add_argument("path", type=Path, metavar="FILE")
    imports.add_argument(
        "--shred", action="store_true", help="overwrite and remove the file once it is sealed"
    )
    verb("list", "list names and recipients, no values", _list)
    verb("unset", "remove a variable", _unset).add_argument("key", metavar="KEY")
    verb("rotate", "make a new identity, and seal all files for it", _rotate)
    recipients = verb("recipients", "list, add or remove who can open the file", _recipients)
    recipients.add_argument("what", choices=["list", "add", "remove"])
    recipients.add_argument("who", nargs="?", help="a public key; to remove, its name does too")
    recipients.add_argument("--name", help="who has the identity, such as operations")
    verb("exec", "run a command with the variables: exec -- COMMAND", _exec)
    return whole


def _place(given: argparse.Namespace, disk: Disk) -> Place:
    name: str = given.environment
    if not name or Path(name).name != name or name.startswith("."):
        raise UsageError("--environment is not the name of a file", "Give one such as prod")
    project = run_folder.project_of(Path.cwd(), os.environ) or Path.cwd()
    folder: Path = given.folder or project / "secrets"
    return Place(folder, SealedFile(folder / f"{name}.age", disk), disk, given.identity)


def _init(place: Place, given: argparse.Namespace) -> int:
    key = identities.new()
    if given.keyring:
        where = f"the keyring {keyrings.store(str(key))}"
    else:
        path = given.identity or identities.default_file(os.environ)
        place.disk.make_folder(path.parent)
        place.disk.create(path, identities.text([key]))
        where = f"the file {path}"
    _tell(f"identity: {where}. Keep a copy where only people who may open the secrets can read it.")
    _say(str(key.to_public()))
    return 0


def _set(place: Place, given: argparse.Namespace) -> int:
    identity = place.identity()
    value = _value_of(given.key)
    _add(place, identity, {given.key: value})
    _tell(f"{given.key} is sealed in {place.file.path}.")
    return 0


def _import(place: Place, given: argparse.Namespace) -> int:
    identity = place.identity()
    path: Path = given.path
    try:
        content = path.read_bytes().decode()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Check the path") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8", "Convert it") from None
    found = dotenv.parse(content, os.environ)
    if not found:
        raise UsageError(f"{path} has no variables", "Check the path")
    _add(place, identity, found)
    _say("\n".join(sorted(found)))
    # Read from the disk once more: only what opens there is a reason to remove the other
    stored = place.file.read(identity).variables
    if any(stored.get(name) != value for name, value in found.items()):
        raise SealedError(
            f"{place.file.path} does not hold what {path} does",
            "Somebody else changed it meanwhile; import again",
        )
    if given.shred:
        place.disk.shred(path)
        _tell(
            f"{path} is overwritten and removed. Copies of it in backups, in git's history or in "
            "what an SSD keeps are not: if there can be any, change the values at their source."
        )
    else:
        _tell(
            f"All of {path} is in {place.file.path}, which opens. {path} is still there in clear: "
            f"`{NAME} import --shred {path}` overwrites and removes it."
        )
    return 0


def _add(place: Place, identity: Identity, more: dict[str, str]) -> None:
    place.make_folder()
    with place.disk.lock(place.folder):
        content = place.file.read_for_change(identity, owner=platform.node())
        place.file.write(content.with_variables(more), identity)


def _value_of(key: str) -> str:
    if sys.stdin.isatty():
        value = getpass.getpass(f"{key}: ")
    else:
        try:
            value = sys.stdin.buffer.read().decode()
        except UnicodeDecodeError:
            raise UsageError("What was piped in is not text in UTF-8", "Convert it") from None
        value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise UsageError(f"No value for {key} was given", f"To remove it: {NAME} unset {key}")
    return value


def _list(place: Place, _given: argparse.Namespace) -> int:
    content = place.file.read(place.identity())
    _say("\n".join([str(place.file.path), *(f"  {name}" for name in sorted(content.variables))]))
    _say("\n".join(["opened by", *_told(content.recipients)]))
    return 0


def _unset(place: Place, given: argparse.Namespace) -> int:
    identity = place.identity()
    place.make_folder()
    with place.disk.lock(place.folder):
        content = place.file.read_for_change(identity, "")
        left = {name: value for name, value in content.variables.items() if name != given.key}
        if len(left) == len(content.variables):
            raise UsageError(
                f"{place.file.path} has no such variable", f"See `{NAME} list` for the names"
            )
        place.file.write(replace(content, variables=left), identity)
    _tell(f"{given.key} is removed. Git keeps the file as it was: change the value at its source.")
    return 0


def _rotate(place: Place, _given: argparse.Namespace) -> int:
    identity = place.identity()
    place.make_folder()
    with place.disk.lock(place.folder):
        done = rotate(place.folder, identity, place.disk)
    for path in done.sealed:
        _tell(f"{path} is sealed for the new identity.")
    for path in done.left:
        _tell(f"{path} is left as it was: the old identity does not open it.")
    _tell(
        f"The old identity is in {done.old}; remove it when nothing elsewhere is sealed for it. It "
        "opens what git keeps of the files, so if it was stolen, change the values at their source."
    )
    _say(done.public)
    return 0


def _recipients(place: Place, given: argparse.Namespace) -> int:
    if given.what == "list":
        _say("\n".join(_told(place.file.listed())))
        return 0
    if not given.who:
        raise UsageError("Whom?", f"{NAME} recipients {given.what} PUBLIC_KEY")
    identity = place.identity()
    place.make_folder()
    with place.disk.lock(place.folder):
        content = place.file.read(identity)
        changed = _changed(content, identity, given)
        place.file.write(replace(content, recipients=changed), identity)
    _say("\n".join(_told(changed)))
    if given.what == "remove":
        _tell(
            "Who was removed still knows the values that were, and opens what git keeps of the "
            "file: change the values at their source."
        )
    return 0


def _changed(content: Content, identity: Identity, given: argparse.Namespace) -> dict[str, str]:
    """The recipients after one was added or removed."""
    recipients = dict(content.recipients)
    if given.what == "add":
        key = checked(given.who)
        name = given.name or recipients.get(key)
        if not name:
            raise UsageError("A recipient needs a name", "Add --name, such as --name operations")
        if "\n" in name or "\r" in name:
            raise UsageError("The name has several lines", "Give one line")
        return recipients | {key: name}
    named = [key for key, name in recipients.items() if given.who in (key, name)]
    if len(named) > 1:
        raise UsageError("Several recipients have that name", "Give the public key")
    if not named:
        # It can stand in the list in clear alone; that is written anew
        checked(given.who)
    if identity.public in named:
        raise UsageError(
            "That is your own public key: you could not open the file any more",
            "Let another recipient remove it",
        )
    return {key: name for key, name in recipients.items() if key not in named}


def _exec(place: Place, given: argparse.Namespace) -> int:
    command: list[str] = given.command
    if not command:
        raise UsageError("There is no command", f"{NAME} exec -- meltano run tap-visma ...")
    content = place.file.read(place.identity())
    environment = {k: v for k, v in os.environ.items() if k != identities.VARIABLE}
    if theirs := sorted(content.variables.keys() & environment.keys()):
        _tell(f"already in the environment, and taken from there: {', '.join(theirs)}")
    environment = content.variables | environment
    _tell(f"{size_of(content)} of {place.file.path} for one command.")
    held = running.hold_signals()
    project = run_folder.project_of(Path.cwd(), os.environ)
    if project is None:
        return running.run(command, environment, held)
    _warn_of_clear_text(project / ".env", content)
    with run_folder.run_folder(project, environment) as folder:
        environment[run_folder.VARIABLE] = str(folder.path)
        if folder.is_in_memory:
            _tell(f"Meltano's run files are in memory, in {folder.path}, until it ends.")
        else:
            _tell(
                "WARNING: this system has no folder in memory that can be used, so Meltano's run "
                f"files, with credentials, are on the disk in {folder.path} until it ends."
            )
        return running.run(command, environment, held, folder.lock)


def _warn_of_clear_text(path: Path, content: Content) -> None:
    """Say which variables of a sealed file lie beside it in the `.env` file that Meltano reads."""
    try:
        names = sorted(dotenv.parse(path.read_text(), {}).keys() & content.variables.keys())
    except (OSError, UnicodeDecodeError, UsageError):
        return
    if names:
        _tell(f"WARNING: {path} has in clear what is sealed: {', '.join(names)}.")


def _told(recipients: dict[str, str]) -> list[str]:
    width = max(map(len, recipients.values()), default=0)
    return [f"  {name.ljust(width)}  {key}" for key, name in recipients.items()]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _tell(text: str) -> None:
    sys.stderr.write(f"{NAME}: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
