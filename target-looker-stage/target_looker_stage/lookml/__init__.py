"""LookML of the staged tables: written from their columns, checked, and delivered to a folder.

| room | knows | does not know |
| --- | --- | --- |
| `tables` | what is staged and what a user can say about it | LookML |
| `words` | names, labels and quotes | tables |
| `nested` | which parts of JSON columns are worth a field | |
| `views` | a column's type as a dimension, a group or a measure | streams |
| `references` | finding a field by Visma's name for it | |
| `joins`, `fields`, `dashboards` | what finance asks, as rows of data | types |
| `budget`, `audit` | the views that no stream has | |
| `files` | which files there are | |
| `reading`, `lint`, `probing` | what files say, whether it is right, how to ask it | tables |
| `delivery`, `git` | folders, and the working copy that one is in | LookML |
"""

from __future__ import annotations

from target_looker_stage.lookml.audit import DATAGROUP, NEWEST
from target_looker_stage.lookml.delivery import Delivery, deliver, mark_deployed
from target_looker_stage.lookml.files import project
from target_looker_stage.lookml.git import DeliveryError
from target_looker_stage.lookml.lint import faults
from target_looker_stage.lookml.probing import probes
from target_looker_stage.lookml.tables import Column, Kind, Options, StagedTable

__all__ = [
    "DATAGROUP",
    "NEWEST",
    "Column",
    "Delivery",
    "DeliveryError",
    "Kind",
    "Options",
    "StagedTable",
    "deliver",
    "faults",
    "mark_deployed",
    "probes",
    "project",
]
