"""Only the owner of the data folder may read what is in it, and risks are said."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

from tests.conftest import ROOT
from yolk.addresses import is_loopback, parse_address
from yolk.lifecycle import warn_of_risks
from yolk.testing import Server


def modes(folder: Path) -> dict[str, int]:
    """Return the permissions of everything in a folder, by path."""
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in folder.rglob("*")
        if not path.is_symlink()
    }


def test_an_open_folder_is_said_and_its_files_are_closed(tmp_path: Path) -> None:
    """Whatever the umask of whoever starts the server is."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    earlier = data / "backup.sqlite3"
    earlier.write_text("secret")
    earlier.chmod(0o644)
    before = os.umask(0o022)
    try:
        server = Server(ROOT, data).start()
    finally:
        os.umask(before)
    server.stop()

    found = modes(data)

    assert {path: mode for path, mode in found.items() if mode & 0o077} == {}
    assert "yolk.sqlite3" in found
    assert "is open to other users of this machine (mode 0755)" in server.output


def test_a_new_folder_is_closed_without_a_word(tmp_path: Path) -> None:
    """The server creates it for its user."""
    data = tmp_path / "new" / "data"
    server = Server(ROOT, data).start()
    server.stop()

    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert "open to other users" not in server.output
    assert ("runs as root" in server.output) == (os.geteuid() == 0)
    assert "for developers" not in server.output


def test_serving_others_outside_of_prod_is_said() -> None:
    """The settings of other environments are for developers."""
    for env, host, said in (("local", "0.0.0.0", True), ("local", "::1", False),
                            ("prod", "0.0.0.0", False)):  # fmt: skip
        app = Mock(env=env, config=SimpleNamespace(host=host))
        warn_of_risks(app)
        texts = [call.args[0] for call in app.logger.warning.call_args_list]

        assert any("for developers" in text for text in texts) == said


def test_addresses_are_parsed_with_ports_and_brackets() -> None:
    """Proxies write them in several ways; anything else is no address."""
    assert parse_address("192.0.2.1") == "192.0.2.1"
    assert parse_address(" 192.0.2.1:4711 ") == "192.0.2.1"
    assert parse_address("2001:DB8::1") == "2001:db8::1"
    assert parse_address("[2001:db8::1]:4711") == "2001:db8::1"
    assert parse_address("_hidden") is None
    assert parse_address("") is None
    assert is_loopback("127.0.0.1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
