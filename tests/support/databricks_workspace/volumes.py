"""Volumes: where their files lie, the Files API, and which files `read_files` finds.

A file appears whole or not at all. Readers do not see names that begin with `_` or `.`.
"""

from __future__ import annotations

import shutil
import uuid
from email.utils import formatdate
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import pyarrow.parquet as pq

from databricks_workspace.errors import ApiError, SqlError
from stand_in_server import Response

if TYPE_CHECKING:
    from pathlib import Path

    from databricks_workspace.lakehouse import Lakehouse
    from databricks_workspace.objects import Name
    from stand_in_server import Request

FILES: Final = "/api/2.0/fs/files"
DIRECTORIES: Final = "/api/2.0/fs/directories"
MOST_FILE_BYTES: Final = 5 * 1024**3
_BYTES: Final = "application/octet-stream"
_PARTS_OF_A_VOLUME: Final = 5
"""Of `/Volumes/catalog/schema/volume`, with the root."""


class Place(NamedTuple):
    """A path in a volume, and where it is on this machine."""

    path: PurePosixPath
    volume: Name
    local: Path


def folder_of(lakehouse: Lakehouse, volume: Name) -> Path:
    """Give the folder of a volume."""
    return lakehouse.engine.folder.joinpath("volumes", *volume)


def _place(lakehouse: Lakehouse, path: str) -> Place | None:
    given = PurePosixPath(path)
    if given.parts[:2] != ("/", "Volumes") or len(given.parts) < _PARTS_OF_A_VOLUME:
        return None
    if ".." in given.parts:
        return None
    volume = tuple(part.lower() for part in given.parts[2:_PARTS_OF_A_VOLUME])
    local = folder_of(lakehouse, volume).joinpath(*given.parts[_PARTS_OF_A_VOLUME:])
    return Place(given, volume, local)


def files_to_read(lakehouse: Lakehouse, path: str) -> list[Path]:
    """List the files that `read_files` reads at a path, which is a file or a folder.

    Raises:
        SqlError: Nothing is there that a reader sees, or the files differ in their columns.
    """
    place = _place(lakehouse, path)
    if place is None:
        raise SqlError("PATH_NOT_FOUND", f"Path does not exist: {path}.")
    lakehouse.objects.need("volume", place.volume)
    lakehouse.privileges.need("READ_VOLUME", place.volume)
    if not place.local.exists():
        raise SqlError("PATH_NOT_FOUND", f"Path does not exist: {path}.")
    root = folder_of(lakehouse, place.volume)
    candidates = sorted(place.local.rglob("*")) if place.local.is_dir() else [place.local]
    found = [
        each
        for each in candidates
        if each.is_file()
        and not any(part.startswith(("_", ".")) for part in each.relative_to(root).parts)
    ]
    if not found:
        raise SqlError(
            "CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE", f"Cannot infer schema: {path} has no files."
        )
    try:
        schemas = [pq.read_schema(each) for each in found]
    except (OSError, ValueError):
        raise SqlError("FAILED_READ_FILE", f"A file at {path} is no whole Parquet file.") from None
    if any(not each.equals(schemas[0]) for each in schemas):
        raise SqlError("DELTA_FAILED_TO_MERGE_FIELDS", f"The files at {path} differ in columns.")
    return found


def respond(lakehouse: Lakehouse, request: Request) -> Response:
    """Answer a call of the Files API.

    Raises:
        ApiError: The call is refused.
    """
    root = FILES if request.path.startswith(f"{FILES}/") else DIRECTORIES
    place = _place(lakehouse, request.path.removeprefix(root))
    handler = _HANDLERS.get((root, request.method))
    if handler is None:
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not for {root}.")
    if place is None:
        raise ApiError(
            400, "INVALID_PARAMETER_VALUE", "A path begins /Volumes/c/s/v and has no '..'."
        )
    with lakehouse.lock:
        if place.volume not in lakehouse.objects.volume:
            raise ApiError(404, "NOT_FOUND", f"Volume '{'.'.join(place.volume)}' does not exist.")
        reads = request.method in {"GET", "HEAD"}
        privilege = "READ_VOLUME" if reads else "WRITE_VOLUME"
        try:
            lakehouse.privileges.need(privilege, place.volume)
        except SqlError as denied:
            raise ApiError(403, "PERMISSION_DENIED", denied.text) from None
        return handler(lakehouse, place, request)


def _missing(what: str) -> ApiError:
    return ApiError(404, "NOT_FOUND", f"The {what} being accessed is not found.")


def _put_file(lakehouse: Lakehouse, place: Place, request: Request) -> Response:
    if place.local.is_dir():
        raise ApiError(409, "ALREADY_EXISTS", "The path is a directory.")
    if place.local.exists() and request.params.get("overwrite", "false") != "true":
        raise ApiError(409, "ALREADY_EXISTS", "The file being created already exists.")
    if request.length > MOST_FILE_BYTES:
        raise ApiError(400, "INVALID_PARAMETER_VALUE", "A file has at most 5 GiB.")
    uploads = lakehouse.engine.folder / "uploads"
    uploads.mkdir(exist_ok=True)
    upload = uploads / uuid.uuid4().hex
    upload.write_bytes(request.body)
    place.local.parent.mkdir(parents=True, exist_ok=True)
    upload.replace(place.local)
    return Response(status=204)


def _get_file(_lakehouse: Lakehouse, place: Place, _request: Request) -> Response:
    if not place.local.is_file():
        raise _missing("file")
    changed = {"Last-Modified": formatdate(place.local.stat().st_mtime, usegmt=True)}
    return Response(body=place.local.read_bytes(), content_type=_BYTES, headers=changed)


def _delete_file(_lakehouse: Lakehouse, place: Place, _request: Request) -> Response:
    if not place.local.is_file():
        raise _missing("file")
    place.local.unlink()
    return Response(status=204)


def _put_directory(_lakehouse: Lakehouse, place: Place, _request: Request) -> Response:
    if place.local.is_file():
        raise ApiError(409, "ALREADY_EXISTS", "The path is a file.")
    place.local.mkdir(parents=True, exist_ok=True)
    return Response(status=204)


def _delete_directory(_lakehouse: Lakehouse, place: Place, _request: Request) -> Response:
    if not place.local.is_dir():
        raise _missing("directory")
    if any(place.local.iterdir()):
        raise ApiError(400, "INVALID_PARAMETER_VALUE", "The directory is not empty.")
    if place.local == folder_of(_lakehouse, place.volume):
        raise ApiError(400, "INVALID_PARAMETER_VALUE", "The root of a volume stays.")
    place.local.rmdir()
    return Response(status=204)


def _head_directory(_lakehouse: Lakehouse, place: Place, _request: Request) -> Response:
    if not place.local.is_dir():
        raise _missing("directory")
    return Response()


def _list_directory(_lakehouse: Lakehouse, place: Place, _request: Request) -> Response:
    if not place.local.is_dir():
        raise _missing("directory")
    contents = []
    for each in sorted(place.local.iterdir()):
        told: dict[str, object] = {
            "path": str(place.path / each.name),
            "name": each.name,
            "is_directory": each.is_dir(),
            "last_modified": int(each.stat().st_mtime * 1000),
        }
        if each.is_file():
            told["file_size"] = each.stat().st_size
        contents.append(told)
    return Response(body=msgspec.json.encode({"contents": contents}))


_HANDLERS: Final = {
    (FILES, "PUT"): _put_file,
    (FILES, "GET"): _get_file,
    (FILES, "HEAD"): _get_file,
    (FILES, "DELETE"): _delete_file,
    (DIRECTORIES, "PUT"): _put_directory,
    (DIRECTORIES, "GET"): _list_directory,
    (DIRECTORIES, "HEAD"): _head_directory,
    (DIRECTORIES, "DELETE"): _delete_directory,
}


def remove(lakehouse: Lakehouse, volume: Name) -> None:
    """Remove a volume's files."""
    shutil.rmtree(folder_of(lakehouse, volume), ignore_errors=True)
