"""Mutations: the tests catch every one of these faults."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.copies import FOLDERS, ROOT

BATCHER, WRITER = "yolk/concurrency/batcher.py", "services/message/writer.py"
ANY_OTHER = "test_writer.py::test_seqs_follow_the_order_of_putting[sqlite]"


class Patch(NamedTuple):
    """A change of one file; the text that it replaces occurs once."""

    path: str
    old: str
    new: str


class Fault(NamedTuple):
    """A plausible mistake."""

    patches: tuple[Patch, ...]
    caught_by: str
    """The test that fails."""
    passes: str
    """One that still passes, which proves that the program is not broken altogether."""


STORE = "        await store(batch)\n"
EARLY = """\
        import asyncio
        storing = asyncio.ensure_future(store(batch))
        while not storing.done() and not batch.outcomes():
            await asyncio.sleep(0)
"""
FAULTS = {
    "ok before the commit": Fault(
        (Patch(WRITER, STORE, EARLY),),
        caught_by="test_writer.py::test_nothing_is_answered_or_announced_without_a_commit[sqlite]",
        passes="test_writer.py::test_the_same_cid_of_two_people_is_two_messages[sqlite]",
    ),
    "a push before the commit": Fault(
        (
            Patch(
                WRITER,
                STORE,
                f"{EARLY}"
                "        early = [one for one in batch.outcomes() if isinstance(one, Stored)]\n"
                "        await announce_new(early)\n"
                "        await storing\n",
            ),
            Patch(BATCHER, "await self._announce_stored(results)\n", "pass\n"),
        ),
        caught_by="test_writer.py::test_nothing_is_answered_or_announced_without_a_commit[sqlite]",
        passes=ANY_OTHER,
    ),
    "a seq given outside of the transaction": Fault(
        (
            Patch(
                "services/message/sql/sqlite.py",
                "    if members := batch.new_members(ends):\n",
                "    execute('COMMIT')\n"
                "    execute('BEGIN IMMEDIATE')\n"
                "    if members := batch.new_members(ends):\n",
            ),
        ),
        caught_by="test_writer.py::test_a_bad_message_fails_alone[sqlite]",
        passes=ANY_OTHER,
    ),
    "getmessage moves the cursor past what it left out": Fault(
        (
            Patch(
                "services/conversation/history.py",
                "                    passed[conv] = some[-1].seq\n",
                "                    passed[conv] = upto\n",
            ),
        ),
        caught_by="test_sending.py::test_getmessage_moves_only_past_what_it_gave",
        passes="test_sending.py::test_two_people_chat",
    ),
    "a cursor moved past the end": Fault(
        (
            Patch(
                "services/conversation/sql/cursors.py",
                "min(wanted, place.last_seq)",
                "wanted",
            ),
        ),
        caught_by="test_cursors.py::test_cursors_never_pass_the_end[sqlite]",
        passes="test_cursors.py::test_cursors_never_go_back[sqlite]",
    ),
    "deduped by memory only": Fault(
        (
            Patch(
                "services/message/batch.py", "found.earlier.get(key)", "self.remembered.get(key)"
            ),
            Patch(
                WRITER,
                "    async def store_once(",
                "    remembered = {}\n\n    async def store_once(",
            ),
            Patch(
                WRITER,
                "        batch = Batch(drafts, recipients.known, admission)\n",
                "        batch = Batch(drafts, recipients.known, admission)\n"
                "        batch.remembered = remembered\n",
            ),
            Patch(
                WRITER,
                "        return batch.outcomes()\n",
                "        for one in batch.outcomes():\n"
                "            if isinstance(one, Stored):\n"
                "                key = one.message.from_id, one.message.cid\n"
                "                remembered[key] = one.message\n"
                "        return batch.outcomes()\n",
            ),
        ),
        caught_by="test_writer.py::test_two_writers_and_one_cid_are_one_message[sqlite]",
        passes="test_writer.py::test_repetitions_are_one_message[sqlite]",
    ),
    "a repetition pushed again": Fault(
        (Patch(WRITER, " if not message.dup]", "]"),),
        caught_by="test_writer.py::test_repetitions_are_one_message[sqlite]",
        passes=ANY_OTHER,
    ),
    "a recall counted as unread": Fault(
        (
            Patch(
                "services/conversation/events.py",
                "    conversation.last_seq += 1\n",
                "    conversation.last_seq += 1\n    conversation.last_number += 1\n",
            ),
            Patch(
                "services/conversation/events.py",
                "last_seq=event.seq, ",
                "last_seq=event.seq, last_number=event.number, ",
            ),
        ),
        caught_by="test_resuming.py::test_a_recall_removes_the_content_and_tells_everybody",
        passes="test_resuming.py::test_recalling_again_gives_the_same_entry",
    ),
    "a former member still notified": Fault(
        (
            Patch(
                "services/group/change.py",
                "            self.group.version += 1\n",
                "            self.group.version += 0\n",
            ),
        ),
        caught_by="test_group_races.py::test_those_put_out_are_told[sqlite]",
        passes="test_group_races.py::test_a_group_has_one_owner[sqlite]",
    ),
    "the history before a join shown": Fault(
        (
            Patch(
                "services/conversation/history.py",
                "max(member.join_seq, after or 0)",
                "after or 0",
            ),
        ),
        caught_by="test_group_joining.py::test_joining_shows_history_or_not",
        passes="test_group_joining.py::test_anybody_joins_an_open_group",
    ),
}


def copy(folder: Path) -> Path:
    """Copy all that the tests of the chat need, with its compiled files."""
    root = folder / "app"
    leave_out = shutil.ignore_patterns("node_modules", "*.pyc.*")
    for name in (*FOLDERS, "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=leave_out)
    for name in ("app.py", "pyproject.toml"):
        shutil.copy2(ROOT / name, root)
    return root


def plant(root: Path, patch: Patch) -> None:
    """Change a file of the copy."""
    path = root / patch.path
    text = path.read_text()
    assert text.count(patch.old) == 1, f"{patch.path} has changed: plant the fault anew"
    path.write_text(text.replace(patch.old, patch.new))


def outcomes(root: Path, tests: set[str]) -> dict[str, str]:
    """Run tests of the copy, and return the outcome of each."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Only the two plugins that these tests need: half of the time went into loading the others.
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    plugins = ["-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider"]
    options = [*plugins, "-q", "-rA", "--tb=short", "--timeout=60"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(f"tests/chat/{test}" for test in tests)],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    print(run.stdout, run.stderr)
    found = re.findall(r"^(PASSED|FAILED|ERROR) tests/chat/(\S+)", run.stdout, re.MULTILINE)
    return {test: outcome for outcome, test in found}


def test_without_a_fault_they_pass(tmp_path: Path) -> None:
    """An unchanged copy passes every test that is named here."""
    named = {test for fault in FAULTS.values() for test in (fault.caught_by, fault.passes)}

    assert outcomes(copy(tmp_path), named) == dict.fromkeys(named, "PASSED")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_caught(fault: Fault, tmp_path: Path) -> None:
    """The named test fails, and another one passes."""
    root = copy(tmp_path)
    for patch in fault.patches:
        plant(root, patch)

    found = outcomes(root, {fault.caught_by, fault.passes})

    assert found == {fault.caught_by: "FAILED", fault.passes: "PASSED"}
