"""`tap-visma-batches`: what the archive holds, where a record came from, and whether all is whole.

Reads the archive alone; asks neither Visma nor a warehouse.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from tap_visma import audit, checks, commands
from tap_visma.archive import Archive
from tap_visma.errors import SettingsError, VismaError
from tap_visma.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_visma.archive import Manifest, Note, Place

NOT_COMMITTED = "not committed: its run was killed, or is still reading"
COLUMNS = ("started_at", "company_id", "stream", "batch_id", "status", "calls", "pages", "records")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `tap-visma-batches`.

    Returns:
        0; 1 when something is missing or not as it should be; 2 when settings or files are wrong.
    """
    given = _parser().parse_args(arguments)
    try:
        config = commands.tap(given.config).config
        wrong = checks.problems_of_archive(config)
    except SettingsError as error:
        wrong = [str(error)]
    if wrong:
        commands.complain(wrong)
        return 2
    try:
        done: int = given.run(Archive.of(Settings.of(config)), given)
    except VismaError as error:
        commands.complain([str(error)])
        return 1
    return done


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tap-visma-batches", description=str(__doc__).splitlines()[2])
    commands.add_config(parser)
    verbs = parser.add_subparsers(required=True, metavar="list | show | verify")
    lists = verbs.add_parser("list", help="list batches")
    lists.set_defaults(run=_list)
    lists.add_argument("--status", help="complete, partial or failed")
    shows = verbs.add_parser("show", help="show a batch with its pages, or one record")
    shows.set_defaults(run=_show)
    what = shows.add_mutually_exclusive_group(required=True)
    what.add_argument("batch", nargs="?", help="batch id")
    what.add_argument("--audit-id", help="print this record as Visma sent it")
    verifies = verbs.add_parser("verify", help="recompute all hashes and counts")
    verifies.set_defaults(run=_verify)
    verifies.add_argument("batch", nargs="?", help="batch id, for this one only")
    for verb in (lists, shows, verifies):
        verb.add_argument("--company", help="company_id")
        verb.add_argument("--stream", help="stream of the documents, where lines are meant")
        verb.add_argument("--format", choices=["table", "json"], default="table")
    for verb in (lists, verifies):
        verb.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, UTC")
        verb.add_argument("--until", dest="last", type=date.fromisoformat, help="last day, UTC")
    return parser


def _places(archive: Archive, given: argparse.Namespace) -> list[Place]:
    return archive.places(given.company, given.stream, first=given.first, last=given.last)


def _list(archive: Archive, given: argparse.Namespace) -> int:
    batches = [
        archive.manifest(place).batch
        for place in _places(archive, given)
        if archive.is_committed(place)
    ]
    rows = [msgspec.to_builtins(batch) for batch in batches if given.status in (None, batch.status)]
    if given.format == "json":
        commands.write_json(rows)
    else:
        for row in rows:
            row["started_at"] = row["started_at"][:19]
        commands.write(_table(COLUMNS, ([row[name] for name in COLUMNS] for row in rows)))
    return 0


def _show(archive: Archive, given: argparse.Namespace) -> int:
    if given.audit_id:
        place, raw = audit.record(archive, given.audit_id, given.company, given.stream)
        if not archive.is_committed(place):
            commands.complain([f"Batch {place.batch_id} is {NOT_COMMITTED}."])
        commands.write(raw)
        return 0
    manifest = archive.manifest(archive.find(given.batch, given.company, given.stream))
    if given.format == "json":
        commands.write_json(manifest)
    else:
        commands.write(_told(manifest))
    return 0


def _verify(archive: Archive, given: argparse.Namespace) -> int:
    if given.batch:
        places = [archive.find(given.batch, given.company, given.stream)]
    else:
        places = _places(archive, given)
    findings = []
    batches = pages = size = 0
    for finding in audit.verify(archive, places, chains=not given.batch):
        batches, pages, size = batches + 1, pages + finding.pages, size + finding.bytes
        if finding.differences or finding.is_open:
            findings.append(finding)
    differences = [finding for finding in findings if finding.differences]
    if given.format == "json":
        whole = {"batches": batches, "pages": pages, "bytes": size, "findings": findings}
        commands.write_json(whole)
    else:
        for finding in findings:
            place = f"{finding.place.company_id}, {finding.place.stream}, {finding.place.batch_id}"
            for text in finding.differences or [
                "not committed: its run was killed, or still reads"
            ]:
                commands.write(f"{place}: {text}".encode())
        commands.write(
            f"{batches} batches, {pages} pages, {size:,} bytes: "
            f"{len(differences) or 'no'} batches differ".encode()
        )
    return 1 if differences else 0


def _told(manifest: Manifest) -> bytes:
    """A batch and its pages for people."""
    row: dict[str, Any] = msgspec.to_builtins(manifest.batch) | {
        "row_hash": manifest.batch.row_hash()
    }
    width = max(map(len, row))
    lines = [
        f"{name.ljust(width)}  {'' if value is None else value}" for name, value in row.items()
    ]
    pages = (
        (note.number, note.received_at[:19], note.records, note.bytes, note.sha256, _asked(note))
        for note in manifest.pages
    )
    head = ("page", "received", "records", "bytes", "sha256", "request")
    return "\n".join([*lines, "", ""]).encode() + _table(head, pages)


def _asked(note: Note) -> str:
    query = "&".join(f"{name}={value}" for name, value in note.params.items())
    return f"{note.path}?{query}" if query else note.path


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Columns as wide as their widest cell, numbers to the right."""
    cells: list[list[object]] = [[*head]]
    cells += [["" if cell is None else cell for cell in row] for row in rows]
    widths = [max(len(str(row[i])) for row in cells) for i in range(len(head))]
    lines = (
        "  ".join(
            str(cell).rjust(width) if isinstance(cell, int) else str(cell).ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )
    return "\n".join(lines).encode()


if __name__ == "__main__":
    sys.exit(main())
