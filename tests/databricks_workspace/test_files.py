"""The Files API: whole files in volumes, and their folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from databricks_workspace.client import FILES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databricks_workspace.client import Client

pytestmark = pytest.mark.process
DIRECTORIES = "/api/2.0/fs/directories"


def test_a_file_comes_back_as_it_went(client: Client) -> None:
    content = bytes(range(256)) * 1000
    assert client.upload("in/a b æ.bin", content).status_code == 204
    path = FILES + client.volume_path("in/a b æ.bin")
    assert client.call("GET", path).content == content
    head = client.call("HEAD", path)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))
    assert head.headers["Content-Type"] == "application/octet-stream"


def test_a_file_in_chunks_of_unknown_length_comes_back_too(client: Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b"one ", b"two ", b"three")

    path = FILES + client.volume_path("a.txt")
    assert client.call("PUT", path, data=chunks()).status_code == 204
    assert client.call("GET", path).content == b"one two three"


def test_a_file_is_replaced_only_if_told_so(client: Client) -> None:
    path = FILES + client.volume_path("a.txt")
    assert client.call("PUT", path, data=b"one").status_code == 204
    again = client.call("PUT", path, data=b"two")
    assert (again.status_code, again.json()["error_code"]) == (409, "ALREADY_EXISTS")
    assert client.upload("a.txt", b"three").status_code == 204
    assert client.call("GET", path).content == b"three"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_file_that_was_deleted_is_not_found(client: Client, method: str) -> None:
    path = FILES + client.volume_path("a.txt")
    client.upload("a.txt", b"one")
    assert client.call("DELETE", path).status_code == 204
    assert client.call(method, path).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/Volumes/main/default/none/a.txt", 404),
        ("/Volumes/main/default", 400),
        ("/dbfs/a.txt", 400),
        ("/Volumes/main/default/none/%2E%2E/%2E%2E/a.txt", 400),
    ],
)
def test_outside_a_volume_there_are_no_files(client: Client, path: str, status: int) -> None:
    assert client.call("PUT", FILES + path, data=b"x").status_code == status


def test_folders_are_made_listed_and_removed_when_empty(client: Client) -> None:
    root = DIRECTORIES + client.volume_path("")
    assert client.call("PUT", f"{root}in/deep").status_code == 204
    client.upload("in/a.txt", b"four")
    listed = client.call("GET", f"{root}in").json()["contents"]
    seen = [(each["name"], each["is_directory"], each.get("file_size")) for each in listed]
    assert seen == [("a.txt", False, 4), ("deep", True, None)]
    assert listed[0]["path"] == client.volume_path("in/a.txt")
    assert client.call("DELETE", f"{root}in").status_code == 400
    assert client.call("DELETE", f"{root}in/deep").status_code == 204
    assert client.call("HEAD", f"{root}in/deep").status_code == 404


def test_a_volume_is_dropped_with_its_files(client: Client) -> None:
    client.upload("a.txt", b"one")
    client.run("DROP VOLUME stage")
    client.run("CREATE VOLUME IF NOT EXISTS stage COMMENT 'anew'")
    assert client.call("GET", FILES + client.volume_path("a.txt")).status_code == 404
