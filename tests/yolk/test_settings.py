"""Settings: their layers, their names and their types."""

from __future__ import annotations

import msgspec
import pytest

from tests.yolk.conftest import Load
from tests.yolk.small_apps import plugin
from yolk import Settings, StartError
from yolk.settings import Layers

SHOP = plugin(
    "shop",
    """
    class Settings(msgspec.Struct, frozen=True):
        class Till(msgspec.Struct, frozen=True):
            open: bool = False
            drawers: int = 1
        url: str = "local"
        limit: int = 10
        goods: list[str] = []
        till: Till = Till()
    environment = {"SHOP_URL": "url", "SHOP_LIMIT": "limit"}
    """,
)


class Chat(msgspec.Struct, frozen=True):
    batch: int = 256


class Own(Settings, frozen=True, kw_only=True):
    chat: Chat = Chat()


SHOP_FILES = {"config/plugin.py": "shop = {'path': 'parts/shop'}", "parts/shop/__init__.py": SHOP}


def test_without_configuration_the_defaults_hold(load: Load) -> None:
    """An application without a config folder has the framework's own settings."""
    app = load({"config/config_default.py": ""})

    assert (app.config.host, app.config.port, app.config.workers) == ("127.0.0.1", 7001, 1)
    assert app.env == "local"


def test_later_layers_win(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's file overrides the default one, environment variables both."""
    monkeypatch.setenv("WORKERS", "4")
    app = load(
        {
            "config/config_default.py": "host = 'a'\nport = 1\nworkers = 1\n",
            "config/config_prod.py": "port = 2\nworkers = 2\n",
            "config/config_test.py": "host = 'not read'\n",
        },
        env="prod",
    )

    assert (app.config.host, app.config.port, app.config.workers) == ("a", 2, 4)


def test_the_environment_has_its_name_from_yolk_env(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`YOLK_ENV` selects the files; a port of 0 is a valid setting."""
    monkeypatch.setenv("YOLK_ENV", "staging")
    app = load({"config/config_staging.py": "port = 0\n"})

    assert (app.env, app.config.port) == ("staging", 0)


def test_dictionaries_merge_deeply(load: Load) -> None:
    """A layer changes only the settings that it names, at any depth."""
    app = load(
        {
            **SHOP_FILES,
            "config/config_default.py": "shop = {'limit': 5, 'till': {'drawers': 3}}",
            "config/config_local.py": "shop = {'till': {'open': True}}",
        }
    )

    shop = app.config.shop
    assert (shop.limit, shop.till.drawers, shop.till.open) == (5, 3, True)


def test_lists_are_replaced(load: Load) -> None:
    """A list in a later layer replaces the earlier one, as in Egg."""
    app = load(
        {
            **SHOP_FILES,
            "config/config_default.py": "shop = {'goods': ['bread', 'salt']}",
            "config/config_local.py": "shop = {'goods': ['oil']}",
        }
    )

    assert app.config.shop.goods == ["oil"]


def test_a_plugin_reads_environment_variables(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin's variables set its fields, converted to their types; empty ones do not."""
    monkeypatch.setenv("SHOP_LIMIT", "12")
    monkeypatch.setenv("SHOP_URL", "")
    app = load({**SHOP_FILES, "config/config_default.py": "shop = {'limit': 5, 'url': 'here'}"})

    assert (app.config.shop.limit, app.config.shop.url) == (12, "here")
    assert app.plugins["shop"].settings is app.config.shop


def test_sanic_has_its_own_settings(load: Load) -> None:
    """Names in capitals are settings of Sanic and sanic-ext."""
    app = load({"config/config_default.py": "REQUEST_MAX_SIZE = 5\nOAS = False\n"})

    assert app.config.REQUEST_MAX_SIZE == 5
    assert app.config.OAS is False


def test_an_application_has_settings_of_its_own(load: Load) -> None:
    """A subclass of the framework's settings adds sections, which are checked, too."""
    assert load(settings=Own).config.chat.batch == 256
    with pytest.raises(StartError) as refusal:
        load({"config/config_local.py": "chat = {'batsh': 1}"}, settings=Own)
    assert str(refusal.value) == (
        "config/config_local.py: there is no setting chat.batsh; did you mean chat.batch?"
    )


def test_settings_of_a_plugin_that_is_off_are_no_fault(load: Load) -> None:
    """The settings of a plugin that is off may stay; they are not checked."""
    app = load(
        {
            "config/plugin.py": "shop = False",
            "config/config_default.py": "shop = {'anything': 1}",
        }
    )

    assert app.plugins == {}


def test_only_data_is_a_setting(load: Load) -> None:
    """Imports and functions of a configuration file are not settings."""
    app = load(
        {
            "config/config_default.py": """
            import os
            from pathlib import Path

            def half(n):
                return n // 2

            _twice = 4000
            port = half(_twice)
            """
        }
    )

    assert app.config.port == 2000


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("default", "prot = 1", "there is no setting prot; did you mean port?"),
        (
            "local",
            "shop = {'limits': 1}",
            "there is no setting shop.limits; did you mean shop.limit?",
        ),
        (
            "local",
            "shop = {'till': {'drawer': 1}}",
            "there is no setting shop.till.drawer; did you mean shop.till.drawers?",
        ),
        (
            "default",
            "REQUEST_MAX_SISE = 1",
            "there is no setting REQUEST_MAX_SISE; did you mean REQUEST_MAX_SIZE?",
        ),
        ("default", "OAZ = False", "there is no setting OAZ; did you mean OAS?"),
        ("local", "shopp = {}", "there is no setting shopp; did you mean shop?"),
        ("local", "qqq = 1", "there is no setting qqq; remove it or correct its name."),
    ],
)
def test_an_unknown_setting_stops_the_start(
    load: Load, file: str, text: str, sentence: str
) -> None:
    """An unknown setting is refused with its file, its name and the nearest known one."""
    files = {**SHOP_FILES, "config/config_default.py": "", f"config/config_{file}.py": text}
    with pytest.raises(StartError) as refusal:
        load(files)

    assert str(refusal.value) == f"config/config_{file}.py: {sentence}"


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("default", "port = 'many'", "the setting port has the wrong value: Expected `int`, got"),
        ("local", "port = 70000", "the setting port has the wrong value: Expected `int` <= 65535"),
        ("local", "workers = 0", "the setting workers has the wrong value: Expected `int` >= 1."),
        ("local", "locale = 'fr'", "the setting locale has the wrong value: Invalid enum value"),
        ("local", "middleware = 'x'", "the setting middleware has the wrong value: Expected"),
        ("default", "shop = {'limit': '5'}", "the setting shop.limit has the wrong value: Exp"),
        ("local", "shop = {'till': {'open': 1}}", "the setting shop.till.open has the wrong val"),
        ("local", "shop = {'goods': [1]}", "the setting shop.goods[0] has the wrong value: Exp"),
        ("local", "shop = 7", "shop must be a dictionary of settings."),
    ],
)
def test_a_value_of_the_wrong_type_stops_the_start(
    load: Load, file: str, text: str, sentence: str
) -> None:
    """A value of the wrong type is refused with its file and its dotted name."""
    files = {**SHOP_FILES, "config/config_default.py": "", f"config/config_{file}.py": text}
    with pytest.raises(StartError) as refusal:
        load(files)

    assert str(refusal.value).startswith(f"config/config_{file}.py: {sentence}")


def test_the_file_that_set_the_value_is_the_one_that_is_named(load: Load) -> None:
    """Of two files with the same section, the one with the error is named."""
    with pytest.raises(StartError) as refusal:
        load(
            {
                **SHOP_FILES,
                "config/config_default.py": "shop = {'limit': 'x'}",
                "config/config_local.py": "shop = {'url': 'y'}",
            }
        )

    assert str(refusal.value).startswith("config/config_default.py: the setting shop.limit ")


@pytest.mark.parametrize("text", ["abc", "1.5", "-1", "70000"])
def test_a_variable_that_is_no_such_value_stops_the_start(
    load: Load, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """An environment variable with an invalid text is refused by its name."""
    monkeypatch.setenv("PORT", text)
    with pytest.raises(StartError, match=rf"^The environment variable PORT={text}: Expected "):
        load()


def test_a_configuration_file_that_does_not_run_stops_the_start(load: Load) -> None:
    """An error in a configuration file is reported with the file's path."""
    with pytest.raises(StartError) as refusal:
        load({"config/config_local.py": "port = 7000 +"})

    path, _, problem = str(refusal.value).partition(" cannot be read: ")
    assert path.endswith("/config/config_local.py")
    assert problem.startswith("SyntaxError: ")


def test_sources_are_remembered(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application knows the last file or variable that set each setting."""
    monkeypatch.setenv("PORT", "9")
    monkeypatch.setenv("SHOP_URL", "there")
    layers = load(
        {
            **SHOP_FILES,
            "config/config_default.py": "port = 8\nhost = 'a'\nshop = {'limit': 1, 'url': ''}",
            "config/config_local.py": "shop = {'limit': 2}",
        }
    ).layers

    assert layers.source("host") == "config/config_default.py"
    assert layers.source("port") == "$PORT"
    assert layers.source("shop.limit") == "config/config_local.py"
    assert layers.source("shop.url") == "$SHOP_URL"


def test_what_was_not_set_has_the_source_of_what_is_above_it() -> None:
    """The source of a missing setting is that of its section."""
    layers = Layers()
    layers.add({"shop": {"limit": 1}}, "config/config_prod.py")

    assert layers.source("shop.till.open") == "config/config_prod.py"
    assert layers.source("nothing") == "config/config_default.py"
