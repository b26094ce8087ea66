"""Files reach the folder whole, and nothing of the user's is touched, in git neither."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from looker_crashes import AUTHOR, Crashes
from target_looker_stage.lookml import Delivery, DeliveryError, deliver, mark_deployed

if TYPE_CHECKING:
    from pathlib import Path

    from target_looker_stage.lookml.delivery import Git

FILES = {
    "generated/README.md": "# Generated: do not edit\n",
    "generated/views/accounts.view.lkml": "# Generated\nview: accounts {}\n",
    "generated/views/ledgers.view.lkml": "# Generated\nview: ledgers {}\n",
}
CHANGED = FILES | {"generated/views/accounts.view.lkml": "# Generated\nview: accounts { }\n"}


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A person", "-c", "user.email=person@example.com"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def _no_git_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the machine's, so that git knows nobody."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A repository to push to, with a file of the user's."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "upstream")
    copy = clone(tmp_path / "upstream", tmp_path / "first")
    (copy / "mine.view.lkml").write_text("view: +accounts {}\n")
    git(copy, "add", ".")
    git(copy, "commit", "--quiet", "-m", "Begin")
    git(copy, "push", "--quiet", "-u", "origin", "main")
    return tmp_path / "upstream"


@pytest.fixture
def copy(upstream: Path, tmp_path: Path) -> Path:
    """A working copy of it, for the loader."""
    return clone(upstream, tmp_path / "copy")


def clone(upstream: Path, to: Path) -> Path:
    git(upstream, "clone", "--quiet", str(upstream), str(to))
    return to


def load(copy: Path, files: dict[str, str], how: Git = "commit") -> Delivery:
    return deliver(files, copy, git=how, author=AUTHOR)


def commits(copy: Path) -> list[str]:
    return git(copy, "log", "--format=%an: %s").splitlines()


def test_files_are_written_once_and_only_when_they_differ(tmp_path: Path) -> None:
    assert deliver(FILES, tmp_path) == Delivery(changed=True)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    assert deliver(FILES, tmp_path) == Delivery(changed=False)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_what_is_no_longer_staged_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    deliver(FILES, tmp_path)
    for name in ("mine.view.lkml", "generated/views/added.view.lkml"):
        (tmp_path / name).write_text("view: +accounts {}\n")
    fewer = {path: text for path, text in FILES.items() if "ledgers" not in path}

    assert deliver(fewer, tmp_path).changed
    assert sorted(path.name for path in tmp_path.rglob("*.view.lkml")) == [
        "accounts.view.lkml",
        "added.view.lkml",
        "mine.view.lkml",
    ]


def test_a_file_that_was_being_written_when_a_run_died_goes(tmp_path: Path) -> None:
    deliver(FILES, tmp_path)
    half = tmp_path / "generated" / "views" / "accounts.view.lkml.written"
    half.write_text("# Gen")

    deliver(FILES, tmp_path)
    assert not half.exists()


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "generated").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(DeliveryError, match="is a link"):
        deliver(FILES, tmp_path)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "generated").write_text("a file")

    with pytest.raises(DeliveryError, match="cannot be written below"):
        deliver(FILES, tmp_path)


@pytest.mark.process
def test_a_change_is_one_commit_and_no_change_is_none(copy: Path) -> None:
    assert load(copy, FILES) == Delivery(changed=True)
    assert load(copy, FILES) == Delivery(changed=False)

    said = "Loader: Update the generated LookML to what is staged"
    assert commits(copy) == [said, "A person: Begin"]


@pytest.mark.process
def test_what_the_user_has_begun_is_not_committed(copy: Path) -> None:
    (copy / "mine.view.lkml").write_text("view: +ledgers {}\n")
    (copy / "staged.view.lkml").write_text("view: +suppliers {}\n")
    git(copy, "add", "staged.view.lkml")

    load(copy, FILES)
    assert git(copy, "status", "--porcelain") == "M mine.view.lkml\nA  staged.view.lkml"
    assert set(git(copy, "show", "--format=", "--name-only").splitlines()) == set(FILES)


@pytest.mark.process
@pytest.mark.parametrize("name", ["views/accounts.view.lkml", "views/new.view.lkml"])
def test_changes_by_hand_that_are_not_committed_are_not_overwritten(copy: Path, name: str) -> None:
    load(copy, FILES)
    (copy / "generated" / name).write_text("view: by_hand {}\n")

    with pytest.raises(DeliveryError, match="changed by hand"):
        load(copy, CHANGED)
    assert (copy / "generated" / name).read_text() == "view: by_hand {}\n"


@pytest.mark.process
def test_a_run_that_died_before_its_commit_is_made_up_for(copy: Path) -> None:
    load(copy, FILES)
    marks = copy / ".git" / "looker-stage-writes"
    marks.touch()
    (copy / "generated" / "views" / "accounts.view.lkml").write_text("# Generated\nhalf")

    assert load(copy, CHANGED).changed
    assert not git(copy, "status", "--porcelain")
    assert not marks.exists()


@pytest.mark.process
def test_a_run_killed_at_any_step_is_made_up_for_by_the_next(
    upstream: Path, tmp_path: Path
) -> None:
    load(clone(upstream, tmp_path / "before"), FILES, "push")
    wanted = {path: text for path, text in CHANGED.items() if "ledgers" not in path}
    steps = 0
    with Crashes() as crashes:
        killed = True
        while killed:
            steps += 1
            theirs, copy = tmp_path / f"upstream-{steps}", tmp_path / f"copy-{steps}"
            git(tmp_path, "clone", "--quiet", "--bare", str(upstream), str(theirs))
            killed = crashes.deliver(clone(theirs, copy), wanted, steps)

            load(copy, wanted, "push")
            pushed = git(theirs, "ls-tree", "-r", "--name-only", "main").splitlines()
            assert pushed == sorted([*wanted, "mine.view.lkml"])
            assert {path: (copy / path).read_text() for path in wanted} == wanted
            assert not git(copy, "status", "--porcelain")
            assert len(commits(copy)) == 3
    assert steps > 10


@pytest.mark.process
def test_a_push_brings_what_others_pushed_and_is_to_be_deployed_once(
    upstream: Path, copy: Path, tmp_path: Path
) -> None:
    load(copy, FILES, "push")
    other = clone(upstream, tmp_path / "other")
    (other / "mine.view.lkml").write_text("view: +ledgers {}\n")
    git(other, "commit", "--quiet", "-am", "Refine")
    git(other, "push", "--quiet")

    waits = load(copy, CHANGED, "push").commit
    assert waits == git(upstream, "rev-parse", "main")
    assert commits(copy)[1] == "A person: Refine"
    assert load(copy, CHANGED, "push").commit == waits
    mark_deployed(copy, waits)
    assert load(copy, CHANGED, "push") == Delivery(changed=False)


@pytest.mark.process
def test_what_could_not_be_pushed_is_pushed_by_the_next_run(upstream: Path, copy: Path) -> None:
    away = upstream.rename(upstream.with_name("away"))
    with pytest.raises(DeliveryError, match="'git pull' failed"):
        load(copy, FILES, "push")
    away.rename(upstream)

    commit = load(copy, FILES, "push").commit
    assert commit == git(upstream, "rev-parse", "main")


@pytest.mark.process
def test_a_folder_outside_of_git_and_an_unknown_author_are_told_apart(
    copy: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    with pytest.raises(DeliveryError, match="is not in a git working copy"):
        load(plain, FILES)
    git(copy, "config", "user.useConfigOnly", "true")

    with pytest.raises(DeliveryError, match="lookml_git_author"):
        deliver(FILES, copy, git="commit")
