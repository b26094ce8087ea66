"""Files of load jobs: as one body of two parts, or in chunks."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from bigquery_service.errors import ApiError, missing
from stand_in_server import Response

if TYPE_CHECKING:
    from bigquery_service.warehouse import Json
    from stand_in_server import Request

PATH: Final = "/upload/bigquery/v2/projects/"
_RANGE: Final = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
_GO_ON: Final = 308


@dataclass
class Upload:
    """A file that comes in chunks: what is to be done with it, and what there is of it."""

    order: Json
    data: bytearray = field(default_factory=bytearray)


@dataclass
class Uploads:
    """Files that have begun to come."""

    url: str
    open: dict[str, Upload] = field(default_factory=dict)

    def order_of(self, request: Request) -> Json:
        """The job that a call is about, for fault rules."""
        upload = self.open.get(request.params.get("upload_id", ""))
        if upload:
            return upload.order
        return self._parts(request)[0] if "multipart" in _kind(request) else {}

    def respond(self, request: Request) -> Response | tuple[Json, bytes]:
        """Take a call; gives the job and its file when the file is whole.

        Raises:
            ApiError: It does not follow from the calls before it.
        """
        if request.params.get("uploadType") == "multipart":
            return self._parts(request)
        if request.method == "POST":
            name = secrets.token_urlsafe(16)
            self.open[name] = Upload(msgspec.json.decode(request.body))
            where = f"{self.url}{request.path}?uploadType=resumable&upload_id={name}"
            return Response(headers={"Location": where})
        return self._chunk(request)

    def _chunk(self, request: Request) -> Response | tuple[Json, bytes]:
        name = request.params.get("upload_id", "")
        if name not in self.open:
            raise missing("Upload", name)
        upload = self.open[name]
        found = _RANGE.fullmatch(request.headers.get("content-range", ""))
        if found is None:
            raise ApiError(400, "badRequest", "A chunk needs a Content-Range.")
        first, last, total = found.groups()
        if first is not None:
            if int(first) != len(upload.data):
                raise ApiError(400, "badRequest", "The chunk does not follow the one before it.")
            upload.data += request.body
        if total == "*" or (last is not None and int(last) + 1 < int(total)):
            headers = {"Range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {}
            return Response(status=_GO_ON, headers=headers)
        if len(upload.data) != int(total):
            raise ApiError(400, "badRequest", "The file is not whole.")
        del self.open[name]
        return upload.order, bytes(upload.data)

    def _parts(self, request: Request) -> tuple[Json, bytes]:
        """The job and the file of a body of two parts."""
        found = re.search(r'boundary="?([^";]+)', _kind(request))
        if found is None:
            raise ApiError(400, "badRequest", "The body has no boundary.")
        _, first, second = request.body.split(b"--" + found[1].encode())[:3]
        job = first.split(b"\r\n\r\n", 1)[1]
        return msgspec.json.decode(job), second.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "")
