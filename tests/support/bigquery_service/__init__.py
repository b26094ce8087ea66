"""A BigQuery to run on one's own machine: REST over a real socket, DuckDB behind it.

`BigQueryService` starts it as a process of its own; `python -m bigquery_service --port 0 [--state
FILE]` does so by hand: it prints one line of JSON, then serves until its standard input ends.

    with BigQueryService(state={"datasets": {"visma": "EU"}}) as service:
        service.url         # http://127.0.0.1:PORT, for `api_endpoint` or BIGQUERY_EMULATOR_HOST
        service.project     # the only project there is
        service.key         # a service account's key file, as an object; its token_uri is here
        service.fault({"status": 503}, method="POST", path="/jobs")
        service.set(key_disabled=True)
        service.rows("visma.accounts")

What it answers, all but the token with `Authorization: Bearer`:

| call | what |
| --- | --- |
| `POST /token` | a token for a JWT: signature, audience, times and scope are verified |
| `/bigquery/v2/projects/P/datasets...` | datasets, tables, tabledata: get, list, insert, patch... |
| `POST /bigquery/v2/projects/P/jobs`, `/upload/...` | query jobs, load jobs (Parquet, JSON lines) |
| `POST /bigquery/v2/projects/P/queries` | `jobs.query`, with `dryRun` and named parameters |
| `GET .../jobs/J`, `.../queries/J` | a job's state, and its rows in pages |
| `POST .../tables/T:testIamPermissions` | none for a table that is not there, as BigQuery does |
| `POST /v1/projects/P:testIamPermissions` | Cloud Resource Manager's, also below `/v3` |

BigQuery has no `testIamPermissions` for a dataset, so there is none here. The state, to be given at
the start or set later with `service.set(...)` (`control.py` has the calls):

| name | what |
| --- | --- |
| `datasets` | locations by name; what is named is made if it is missing |
| `grants` | roles or permissions: `{"": [...]}` for the project, `{"visma": [...]}` for a dataset |
| `key_disabled`, `account_deleted` | the token endpoint then answers `invalid_grant` |
| `clock_skew_seconds` | how far this service's clock, and its `Date`, is ahead of the machine's |
| `api_disabled` | every call of BigQuery's is answered 403 `accessNotConfigured` |
| `token_life_seconds`, `rows_per_page` | of tokens and results from now on |

Faults are those of `databricks_workspace.faults`. `statement` is there matched with what a job
does: its SQL, or `LOAD dataset.table`. `fail: REASON` ends a job with that reason, `pending` and
`running` hold it back for so many polls, and `error_code` is the reason of a refused call.

No double can show quotas, slots, the price of a scan or partition pruning; partitions and
clustering are kept and shown, not used. BIGNUMERIC has 18 digits after the point. What the double
does not know fails; it never succeeds in silence.
"""

from __future__ import annotations

from bigquery_service.process import BigQueryService

__all__ = ["BigQueryService"]
