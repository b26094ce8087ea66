"""The push semantic model: found, made, and held to the mapping.

Knows datasets and their tables' columns; knows no rows. The columns of a push table cannot be read
back, so what they are is remembered here when they are made (the manifest), and the mapping is
compared with that.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from loader_core import DestinationError, LostAnswerError
from target_powerbi.client import LATER
from target_powerbi.errors import MissingError, ModelError, RefusedError
from target_powerbi.mapping import Column, dataset, table_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_powerbi.client import Client
    from target_powerbi.mapping import Mapping
    from target_powerbi.settings import Settings
    from target_powerbi.state import State

BATCH_KEY = "_batch_key"
ADDED = (Column(name=BATCH_KEY, field=BATCH_KEY, type="String", hidden=True),)
"""What each table has beside the columns of the mapping: which request a row came in."""
_ID, _MAKING, _NEW = "dataset id", "dataset in the making", "dataset is new"
_RELATIONSHIPS = "relationships"
_TODO_POLICY = (
    "Set 'schema_policy' to evolve for columns and measures that are added, or to recreate for "
    "anything else; or bring the mapping back to what the model is"
)

logger = logging.getLogger(__name__)


class Difference(NamedTuple):
    """Where the model is not what the mapping says.

    Attributes:
        told: The difference, as a clause.
        mends: `put` if a table can be changed so, `keep` if it does no harm, else `never`.
    """

    told: str
    mends: str


class Model:
    """The model of a mapping.

    Args:
        client: Power BI.
        state: Where the manifest is.
        mapping: What the model is to be.
        settings: Its name, and what may be done to it.

    Attributes:
        path: Of the dataset below the workspace, once `open` has found it.
    """

    def __init__(self, client: Client, state: State, mapping: Mapping, settings: Settings) -> None:
        self.path = ""
        self._client = client
        self._state = state
        self._mapping = mapping
        self._settings = settings
        self._wanted = {table.name: table_body(table, ADDED) for table in mapping.tables}
        self._ways = sorted(
            f"'{each.from_table}'[{each.from_column}] to '{each.to_table}'[{each.to_column}]"
            for each in mapping.relationships
        )

    def open(self, before_anew: Callable[[], None]) -> None:
        """Find the model, or make it, and see that rows of the mapping can go into it.

        Args:
            before_anew: Called before a model that is there is deleted; it may object.

        Raises:
            ModelError: They cannot; the message lists why.
            RefusedError: Power BI does not let it be seen or made.
        """
        found = self.find()
        if found is None:
            self._make()
            return
        self._check_kind(found)
        self.path = f"datasets/{found['id']}"
        differences = self.differences(found["id"])
        if not self.knows(found["id"]):
            self._take_over(found["id"])
        elif differences:
            self._mend(found["id"], differences, before_anew)

    @property
    def is_new(self) -> bool:
        """It was made or taken over, and what the store holds is not yet on its way to it."""
        return self._state.noted(_NEW) is not None

    @property
    def is_empty(self) -> bool:
        """It is new, and was made by us."""
        return self._state.noted(_NEW) == "made"

    def is_begun(self) -> None:
        """Remember that it is; call it within a transaction."""
        self._state.note(_NEW)

    def find(self) -> dict[str, Any] | None:
        """The dataset as Power BI tells it; `None` if there is none of that name.

        Raises:
            ModelError: There are several, or none of that id.
        """
        name, by_id = self._settings.dataset, self._settings.dataset_id
        if by_id:
            try:
                return dict(
                    self._client.call("GET", f"datasets/{by_id}", "looking at the dataset").value
                )
            except MissingError as error:
                raise ModelError(error.what, "See 'dataset_id' and 'workspace_id'") from None
        answer = self._client.call("GET", "datasets", "looking for the dataset").value
        found = [each for each in answer["value"] if each["name"] == name]
        if len(found) > 1:
            raise ModelError(
                f"the workspace has {len(found)} datasets named '{name}'",
                "Give the id of the right one as 'dataset_id'",
            )
        return found[0] if found else None

    def differences(self, dataset_id: str) -> list[Difference]:
        """Where a dataset is not what the mapping says, as far as can be known."""
        answer = self._client.call(
            "GET", f"datasets/{dataset_id}/tables", "looking at the dataset's tables"
        )
        there = {table["name"] for table in answer.value["value"]}
        differences = [
            Difference(f"table '{name}' is not in it, and cannot be added to it", "never")
            for name in self._wanted
            if name not in there
        ]
        manifest = self._manifest()
        for name, wanted in self._wanted.items():
            if name in there and name in manifest:
                differences += _differences(name, manifest[name], wanted)
        if (ways := self._state.noted(_RELATIONSHIPS)) is not None:
            differences += _other_ways(json.loads(ways), self._ways)
        return differences

    def knows(self, dataset_id: str) -> bool:
        """Whether a dataset is the one that this state knows."""
        return self._state.noted(_ID) == dataset_id

    def _check_kind(self, found: dict[str, Any]) -> None:
        if not found.get("addRowsAPIEnabled"):
            raise ModelError(
                f"the dataset '{found['name']}' is no push dataset, so rows cannot be pushed "
                "into it",
                "Give another name as 'dataset'; a push dataset is made by this target and cannot "
                "be made from a file or in the browser",
            )

    def _make(self) -> None:
        """Make the dataset with all that is in it."""
        name = self._settings.dataset
        if not self._settings.create_if_missing:
            raise ModelError(
                f"there is no dataset '{name}' in the workspace",
                "Set 'create_if_missing', or see 'dataset' and 'workspace_id'",
            )
        self._state.note(_MAKING, name)
        try:
            made = self._post(name) or self._post(name)
        except RefusedError:
            self._state.note(_MAKING)
            raise
        if made is None:
            raise DestinationError(f"no answer to making the dataset '{name}'", LATER)
        logger.info("Made the dataset '%s' with %d tables", name, len(self._wanted))
        self._is(made["id"], "made")
        self.path = f"datasets/{made['id']}"

    def _post(self, name: str) -> dict[str, Any] | None:
        """Make the dataset; `None` if there is no answer, and no dataset either."""
        try:
            answer = self._client.call(
                "POST",
                "datasets?defaultRetentionPolicy=None",
                f"making the dataset '{name}'",
                dataset(self._mapping, name, ADDED),
                once=True,
            )
        except LostAnswerError as error:
            logger.warning("%s; looking for what became of it", error.what)
            return self.find()
        return dict(answer.value)

    def _is(self, dataset_id: str, since: str) -> None:
        """Remember a dataset that is as the mapping says and holds no rows that count.

        Args:
            dataset_id: Its id.
            since: It was `made`, or `taken over`.
        """
        with self._state.transaction():
            self._state.note(_ID, dataset_id)
            self._state.note(_MAKING)
            self._state.ask("DELETE FROM manifest")
            self._note_tables(self._wanted)
            made = since == "made"  # else what it has is not known
            self._state.note(_RELATIONSHIPS, json.dumps(self._ways) if made else None)
            self._state.note(_NEW, since)

    def _take_over(self, dataset_id: str) -> None:
        """Go on with a dataset that this state does not know.

        Raises:
            ModelError: It is not said that this may be done.
        """
        name = self._settings.dataset
        if self._state.noted(_MAKING) == name:  # the answer never came
            self._is(dataset_id, "made")
            return
        if not self._settings.adopt:
            raise ModelError(
                "the dataset was made elsewhere, or the state of this loader is lost: what is in "
                "it is not known here, and rows cannot be read back",
                "Bring the state folder back, or set 'adopt' for one run with the tap's "
                "--full-refresh: the tables are cleared then, and filled again",
            )
        missing = [each for each in self.differences(dataset_id) if each.mends == "never"]
        if missing:
            raise ModelError(_listed(missing), _TODO_POLICY)
        self._put(dataset_id, self._wanted)
        self._is(dataset_id, "taken over")

    def _mend(
        self, dataset_id: str, differences: list[Difference], before_anew: Callable[[], None]
    ) -> None:
        """Do about differences what the policy says."""
        policy = self._settings.schema_policy
        if policy == "recreate":
            if self._settings.dataset_id:
                raise ModelError(
                    "a dataset that is given by its id cannot be made anew: it would have another",
                    "Give its name as 'dataset', and no 'dataset_id'",
                )
            before_anew()
            logger.warning("Making the dataset anew: %s", _listed(differences))
            self._client.call("DELETE", f"datasets/{dataset_id}", "deleting the dataset")
            self._make()
            return
        if policy == "strict" or any(each.mends == "never" for each in differences):
            raise ModelError(_listed(differences), _TODO_POLICY)
        manifest = self._manifest()
        changed = {
            name: _grown(manifest[name], wanted)
            for name, wanted in self._wanted.items()
            if name in manifest
        }
        changed = {name: body for name, body in changed.items() if body != manifest[name]}
        self._put(dataset_id, changed)
        with self._state.transaction():
            self._note_tables(changed)

    def _put(self, dataset_id: str, bodies: dict[str, dict[str, Any]]) -> None:
        for name, body in bodies.items():
            path = f"datasets/{dataset_id}/tables/{quote(name, safe='')}"
            self._client.call("PUT", path, f"changing the table '{name}'", body)

    def _manifest(self) -> dict[str, dict[str, Any]]:
        return {
            place: json.loads(columns)
            for place, columns in self._state.ask("SELECT place, columns FROM manifest")
        }

    def _note_tables(self, bodies: dict[str, dict[str, Any]]) -> None:
        self._state.many(
            "INSERT OR REPLACE INTO manifest VALUES (?, ?)",
            [(name, json.dumps(body, ensure_ascii=False)) for name, body in bodies.items()],
        )


def _differences(name: str, there: dict[str, Any], wanted: dict[str, Any]) -> list[Difference]:
    """Where a table is not as it should be."""
    old, new = ({column["name"]: column for column in of["columns"]} for of in (there, wanted))
    found = [
        Difference(f"column '{name}'[{column}] is not in it", "put")
        for column in new.keys() - old.keys()
    ]
    found += [
        Difference(f"column '{name}'[{column}] is in it, and not in the mapping", "keep")
        for column in old.keys() - new.keys()
    ]
    common = old.keys() & new.keys()
    found += [
        Difference(
            f"column '{name}'[{column}] is {old[column]['dataType']} in it, and "
            f"{new[column]['dataType']} in the mapping",
            "never",
        )
        for column in common
        if old[column]["dataType"] != new[column]["dataType"]
    ]
    looks = {column for column in common if old[column] != new[column]}
    looks -= {column for column in common if old[column]["dataType"] != new[column]["dataType"]}
    if looks or there.get("measures") != wanted.get("measures"):
        found.append(Difference(f"measures or formats of '{name}' are others in it", "put"))
    return sorted(found)


def _other_ways(there: list[str], wanted: list[str]) -> list[Difference]:
    """Relationships that a model has not, or has beyond those of the mapping."""
    return [
        *(
            Difference(f"the relationship from {way} is not in it, and cannot be added", "never")
            for way in wanted
            if way not in there
        ),
        *(
            Difference(f"the relationship from {way} is in it, and not in the mapping", "keep")
            for way in there
            if way not in wanted
        ),
    ]


def _grown(there: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """A table as it should be, with the columns that it has beyond that: they hold rows."""
    names = {column["name"] for column in wanted["columns"]}
    more = [column for column in there["columns"] if column["name"] not in names]
    return wanted | {"columns": [*wanted["columns"], *more]}


def _listed(differences: Iterable[Difference]) -> str:
    return "the dataset is not what the mapping says: " + "; ".join(
        each.told for each in differences
    )
