"""A Snowflake account to run on one's own machine, over a real socket, with real SQL behind it.

It speaks the protocol of Snowflake's own connectors (key pairs and programmatic access tokens,
sessions, PUT into stages, COPY, MERGE, statements in progress) and the SQL API, version 2
(`/api/v2/statements`), over one database, which is fakesnow on DuckDB. What it does not know fails;
it never succeeds in silence.

    with SnowflakeAccount({"warehouses": [...], "tokens": [...]}) as account:
        account.url                               # for the SQL API: no other address is needed
        account.ready                             # host, port, protocol, account, user, role ...
        account.change(user={"rsa_public_key": pem}, ip_address="198.51.100.9")
        account.fault({"fail": "000606"}, statement="^MERGE")
        account.query('SELECT * FROM "VISMA"."RAW"."SUPPLIERS"')

`state.py` says what can be said of the account (warehouses, grants, databases, network policies,
keys, tokens, its clock), `faults.py` how calls can be made to go wrong, `service.py` what the
control endpoints answer, `identity.py` which login is refused with which code. By hand:
`python -m snowflake_account --port 8085 --state account.json`.

SQL API: `POST /api/v2/statements` with `statement`, `warehouse`, `database`, `schema`, `role`,
`timeout`, `bindings`; `?async=true`, `?requestId=...&retry=true`; 200 with the result, 202 with
`statementHandle` while a statement is in progress (always with `async`, or by a `running` fault);
`GET /api/v2/statements/{handle}`, `POST .../{handle}/cancel`; 401 with `code` and `message` for a
bad login, 422 for a statement that fails. `Authorization: Bearer ...` and
`X-Snowflake-Authorization-Token-Type`: `KEYPAIR_JWT` or `PROGRAMMATIC_ACCESS_TOKEN`.
Answered from the state: SHOW WAREHOUSES [LIKE], SHOW DATABASES [LIKE], SHOW GRANTS [TO USER u],
SHOW GRANTS TO ROLE r, SHOW NETWORK POLICIES, DESC NETWORK POLICY p, SHOW PARAMETERS LIKE
'NETWORK_POLICY' IN USER u or IN ACCOUNT, DESC USER u, SHOW USER PROGRAMMATIC ACCESS TOKENS [FOR
USER u], CURRENT_IP_ADDRESS(), CURRENT_ROLE(), CURRENT_USER(), CURRENT_WAREHOUSE(),
CURRENT_ACCOUNT(); USE ROLE, USE WAREHOUSE, ALTER WAREHOUSE w RESUME. The `Date` of the answers is
that of the account's clock.

No double can show that Snowflake accepts the very text of a statement, grants (they are told, but
not enforced), locks between sessions, results in partitions, or what anything costs.
"""

from __future__ import annotations

from snowflake_account.process import SnowflakeAccount

__all__ = ["SnowflakeAccount"]
