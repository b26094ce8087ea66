"""The command: exit codes, one line for what a person must mend, and no secret anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loader_runs import Loader, lines, record, schema, state

SECRET = "hunter2-hunter2"
SUPPORT = Path(__file__).parents[1] / "support"
THINGS = schema("things", {"id": {"type": "integer"}})
pytestmark = pytest.mark.process


def command(loader: Loader, *arguments: str, **settings: Any) -> dict[str, Any]:
    """How to start the target."""
    config = loader.folder / "config.json"
    config.write_text(json.dumps(loader.config | {"password": SECRET} | settings))
    return {
        "args": [sys.executable, "-m", "loader_sqlite", "--config", str(config), *arguments],
        "env": os.environ | {"PYTHONPATH": str(SUPPORT)},
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }


def run(loader: Loader, text: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(**command(loader, **settings), input=text, check=False)


def test_a_good_run_ends_with_0_and_its_state(loader: Loader) -> None:
    done = run(loader, lines([THINGS, record("things", {"id": 1}), state({"a": 1})]))

    assert (done.returncode, done.stdout) == (0, '{"a": 1}\n')
    assert loader.current("things") == [{"id": 1}]


FAULTS = {
    "a rejected row": ([THINGS, record("things", {"id": SECRET})], {}, "rejects.jsonl"),
    "no such message": ([SECRET], {}, "message 1 of the input"),
    "no schema": ([record("things", {"id": 1})], {}, "before its SCHEMA"),
    "a type without a row": ([schema("things", {"id": {}})], {}, "column 'id'"),
    "a setting of another type": ([], {"batch_size_rows": SECRET}, "'batch_size_rows'"),
    "a setting out of bounds": ([], {"max_batch_mb": 0}, "minimum of 1"),
    "a setting of other words": ([], {"load_method": SECRET}, "append-only, upsert, overwrite"),
    "an outbox that cannot be": ([], {"outbox_dir": "/dev/null/x"}, "outbox_dir"),
}


@pytest.mark.parametrize(("messages", "settings", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_in_one_line_without_a_secret(
    loader: Loader, messages: list[Any], settings: dict[str, Any], told: str
) -> None:
    done = run(loader, lines(messages), **settings)

    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_with_its_code_and_the_next_one_goes_on(
    loader: Loader, number: signal.Signals
) -> None:
    with subprocess.Popen(**command(loader, batch_size_rows=1), stdin=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(lines([THINGS, record("things", {"id": 1}), state(1)]))
        process.stdin.flush()
        first_state = process.stdout.readline()
        process.send_signal(number)
        code = process.wait(20)

    assert first_state == "1\n"
    assert code == 128 + number
    assert run(loader, lines([THINGS, record("things", {"id": 2}), state(2)])).returncode == 0
    assert loader.current("things") == [{"id": 1}, {"id": 2}]


def test_rows_arrive_while_the_tap_is_silent(loader: Loader) -> None:
    with subprocess.Popen(
        **command(loader, max_batch_age_seconds=1), stdin=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(lines([THINGS, record("things", {"id": 1}), state(1)]))
        process.stdin.flush()
        first_state = process.stdout.readline()  # comes though the input stays open
        rows = loader.current("things")
        process.stdin.close()

    assert first_state == "1\n"
    assert rows == [{"id": 1}]


def test_a_reader_of_state_that_ends_early_is_named_as_the_reason(loader: Loader) -> None:
    messages = [THINGS, *(state({"at": number, "x": "y" * 10_000}) for number in range(50))]
    (loader.folder / "input").write_text(lines(messages))
    target = command(loader)
    piped = " ".join(target["args"]) + f" < {loader.folder / 'input'} | head -c 10"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", piped],
        env=target["env"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "what reads the STATE has ended" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", [None, "{"], ids=["not there", "not JSON"])
def test_a_settings_file_that_cannot_be_read_is_told_in_one_line(
    loader: Loader, text: str | None
) -> None:
    target = command(loader)
    config = loader.folder / "config.json"
    config.unlink() if text is None else config.write_text(text)

    done = subprocess.run(**target, check=False)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "ERROR" in done.stderr.splitlines()[-1]


def test_about_lists_the_settings_of_the_core_and_of_the_target(loader: Loader) -> None:
    done = subprocess.run(**command(loader, "--about", "--format=json"), check=True)

    properties = json.loads(done.stdout)["settings"]["properties"]
    assert {"path", "outbox_dir", "batch_size_rows", "load_method", "hard_delete"} <= set(
        properties
    )
    assert {"add_record_metadata", "validate_records", "stream_maps"} <= set(properties)
    assert properties["load_method"]["default"] == "upsert"
