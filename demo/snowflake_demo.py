"""Two nights of three companies, from the sandbox into a stand-in of a Snowflake account.

Looks at the account before the first load, runs `tap-visma | target-snowflake-guarded`, lets a
business day pass, runs it again with a job that fails in the middle, and then once more. After each
whole night `warehouse-checks verify` compares the tables with the sync batches, and this script the
books of the sandbox with the tables. Needs `tests/support` on PYTHONPATH.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import common
from common import AMOUNTS, STREAMS, check, compare, control, sandbox, say, write_files
from snowflake_account import SnowflakeAccount

SCHEMA = "RAW"

night = partial(common.night, target="target-snowflake-guarded", shown=".* failed with .*")


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with (
        sandbox() as ready,
        SnowflakeAccount({"user": {"rsa_public_key": public.decode()}}) as account,
        tempfile.TemporaryDirectory() as folder,
    ):
        Path(folder, "key.p8").write_bytes(private)
        target = settings(folder, account)
        streams = (*STREAMS, "sync_batches")
        files = write_files(folder, ready, target, streams, use_singer_decimal=True)

        say("Before the first load: would it work?")
        check("preflight", "snowflake", files)

        say("First night: everything.")
        night(files)
        wrong = compare(ready, stored(account))
        check("verify", "snowflake", files)

        control(ready, "advance", {"days": 1})
        account.fault({"fail": "100038"}, statement="^MERGE", after=2)
        say("A business day has passed. Second night, and a merge fails in the middle.")
        night(files, fails=True)
        failed = sum(account.hits())
        account.control("DELETE", "faults")

        say("The same night again: it goes on from the last STATE and what is in the outbox.")
        night(files)
        wrong += compare(ready, stored(account))
        check("verify", "snowflake", files)
        say(f"Jobs that failed: {failed}. Differences: {wrong}.")
    if wrong or failed != 1:
        sys.exit("The tables are not what the books are, or no job failed.")


def settings(folder: str, account: SnowflakeAccount) -> dict[str, str]:
    """What the target is told."""
    ready = account.ready
    return {
        "account": ready["account"],
        "host": account.url,
        "user": ready["user"],
        "private_key_path": str(Path(folder, "key.p8")),
        "role": ready["role"],
        "warehouse": ready["warehouse"],
        "database": ready["database"],
        "default_target_schema": SCHEMA,
    }


def stored(account: SnowflakeAccount) -> dict[str, common.Rows]:
    """The current rows of the tables that are compared."""
    found: dict[str, common.Rows] = {}
    for name, columns in AMOUNTS.items():
        table = f"{account.ready['database']}.{SCHEMA}.{name}"
        sql = f"SELECT record_id, {', '.join(columns)} FROM {table} WHERE _sdc_deleted_at IS NULL"
        rows = account.query(sql)
        found[name] = {str(key): dict(zip(columns, values, strict=True)) for key, *values in rows}
    return found


if __name__ == "__main__":
    main()
