"""The Singer SDK's own tests of a tap, against the sandbox."""

from __future__ import annotations

from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_runs import of_entity, visma_with
from tap_visma import ledger
from tap_visma.entities import ENTITIES
from tap_visma.tap import TapVisma

_sandbox = visma_with()
_visma = _sandbox.__enter__()  # the suite wants the settings when it is collected

TestStandardSuite = get_tap_test_class(
    TapVisma,
    config=_visma.config,
    catalog=_visma.catalog(
        {name for entity in ENTITIES for name in of_entity(entity)} | {ledger.STREAM}
    ),
    suite_config=SuiteConfig(max_records_limit=20),
)


def teardown_module() -> None:
    _sandbox.__exit__(None, None, None)
