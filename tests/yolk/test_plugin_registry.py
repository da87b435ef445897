"""The plugin table: which plugins are on, their order, and every error in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yolk.conftest import Load
from tests.yolk.small_apps import plugin, write
from yolk import StartError


def parts(*names: str, **bodies: str) -> dict[str, str]:
    """Return the files of plugins without a body, and of those with one."""
    all_bodies = {**dict.fromkeys(names, ""), **bodies}
    return {f"parts/{name}/__init__.py": plugin(name, body) for name, body in all_bodies.items()}


def table(*names: str) -> str:
    """Return a table in which these plugins are on, each from its folder."""
    return "".join(f"{name} = {{'path': 'parts/{name}'}}\n" for name in names)


# --- what is on


def test_a_listed_plugin_is_on(load: Load) -> None:
    """An entry without `enable` is on, and the plugin is instantiated for this application."""
    app = load({"config/plugin.py": table("mail"), **parts("mail")})

    assert list(app.plugins) == ["mail"]
    assert app.plugins["mail"].app is app


def test_without_a_table_no_plugin_is_on(load: Load) -> None:
    """An application without config/plugin.py has no plugins."""
    assert load().plugins == {}


def test_a_bare_boolean_is_short_for_enable(load: Load) -> None:
    """In the environment's table, `mail = True` switches on what the other table describes."""
    app = load(
        {
            "config/plugin.py": "mail = {'enable': False, 'path': 'parts/mail'}\n" + table("chat"),
            "config/plugin_local.py": "mail = True\nchat = False",
            **parts("mail"),
        }
    )

    assert list(app.plugins) == ["mail"]


def test_the_environment_overrides_property_by_property(load: Load) -> None:
    """`plugin_<env>.py` overrides the properties that it names and keeps the others."""
    files = {
        "config/plugin.py": table("chat", "mail"),
        "config/plugin_prod.py": "chat = {'dependencies': ['mail']}",
        **parts("chat", "mail"),
    }

    assert list(load(files, env="local").plugins) == ["chat", "mail"]
    assert list(load(files, env="prod").plugins) == ["mail", "chat"]


def test_another_place_takes_the_place_of_the_first(load: Load) -> None:
    """An environment may name a package where the default names a path, as in Egg."""
    app = load(
        {
            "config/plugin.py": table("mail"),
            "config/plugin_local.py": "mail = {'package': 'parts.better_mail'}",
            "parts/better_mail.py": plugin("mail", "better = True"),
        }
    )

    assert type(app.plugins["mail"]).__module__ == "parts.better_mail"


@pytest.mark.parametrize(("env", "on"), [("prod", ["mail"]), ("test", ["mail"]), ("local", [])])
def test_a_plugin_is_on_in_the_environments_that_it_names(
    load: Load, env: str, on: list[str]
) -> None:
    """`env` limits a plugin to some environments; no list means all."""
    app = load(
        {
            "config/plugin.py": "mail = {'path': 'parts/mail', 'env': ['prod', 'test']}",
            **parts("mail"),
        },
        env=env,
    )

    assert list(app.plugins) == on


def test_a_plugin_that_is_off_is_not_imported(load: Load) -> None:
    """The folder of a plugin that is off may be broken or missing."""
    app = load(
        {
            "config/plugin.py": """
            broken = {'enable': False, 'path': 'parts/broken'}
            absent = {'enable': False, 'path': 'parts/absent'}
            neither = {'enable': False}
            elsewhere = {'env': ['prod'], 'package': 'no_such_package'}
            """,
            "parts/broken/__init__.py": "raise RuntimeError('imported')",
        }
    )

    assert app.plugins == {}


# --- from where


def test_a_package_is_any_importable_module(load: Load) -> None:
    """`package` names a module, dotted or not, that has the attribute `plugin`."""
    app = load(
        {
            "config/plugin.py": "mail = {'package': 'parts.post.mail'}",
            "parts/post/mail.py": plugin("mail"),
        }
    )

    assert list(app.plugins) == ["mail"]


def test_a_path_inside_the_application_is_imported_by_its_ordinary_name(load: Load) -> None:
    """A plugin's folder is a package of the application, with modules of its own."""
    app = load(
        {
            "config/plugin.py": table("mail"),
            "parts/mail/__init__.py": "from .post import PostPlugin as plugin",
            "parts/mail/post.py": plugin("mail").replace("MailPlugin", "PostPlugin"),
        }
    )

    assert type(app.plugins["mail"]).__module__ == "parts.mail.post"


@pytest.mark.parametrize("absolute", [True, False])
def test_a_path_may_lead_out_of_the_application(load: Load, tmp_path: Path, absolute: bool) -> None:
    """A folder elsewhere, with modules of its own, is a plugin too."""
    outside = write(
        tmp_path.with_name(f"{tmp_path.name}-outside"),
        {
            "mail/__init__.py": "from .post import plugin",
            "mail/post.py": plugin("mail", "greeting = 'from outside'"),
        },
    )
    path = outside / "mail" if absolute else f"../{outside.name}/mail"
    app = load({"config/plugin.py": f"mail = {{'path': '{path}'}}"})

    assert vars(type(app.plugins["mail"]))["greeting"] == "from outside"


# --- in which order


def test_dependencies_come_first(load: Load) -> None:
    """Each plugin starts after its dependencies; apart from that, plugins start as listed."""
    app = load(
        {
            "config/plugin.py": table("a", "b", "c", "d"),
            **parts(
                "d",
                a="dependencies = ('c',)",
                b="",
                c="dependencies = ('d',)",
            ),
        }
    )

    assert list(app.plugins) == ["d", "c", "a", "b"]


def test_an_optional_dependency_is_about_order_only(load: Load) -> None:
    """It starts first if it is on, and is ignored if it is not."""
    files = {
        **parts("b", a="optional_dependencies = ('b', 'nobody')"),
        "config/plugin.py": table("a", "b"),
    }

    assert list(load(files).plugins) == ["b", "a"]
    assert list(load({**files, "config/plugin_local.py": "b = False"}).plugins) == ["a"]


def test_the_table_has_the_last_word_on_dependencies(load: Load) -> None:
    """Dependencies in the application's table replace those of the plugin."""
    app = load(
        {
            "config/plugin.py": """
            a = {'path': 'parts/a', 'dependencies': ['b']}
            c = {'path': 'parts/c', 'optional_dependencies': ['d']}
            b = {'path': 'parts/b'}
            d = {'path': 'parts/d'}
            """,
            **parts("b", "d", a="dependencies = ('missing',)", c="optional_dependencies = ('a',)"),
        }
    )

    assert list(app.plugins) == ["b", "a", "d", "c"]


# --- every way to get it wrong

LISTED = "config/plugin.py: the plugin "

FAULTS: dict[str, tuple[str, dict[str, str], str]] = {
    "missing": (
        table("a"),
        parts(a="dependencies = ('b',)"),
        LISTED + "a needs the plugin b, which is not listed; "
        "add b with its package or path, or switch a off.",
    ),
    "off but required": (
        table("a") + "b = {'enable': False, 'path': 'parts/b'}",
        parts(a="dependencies = ('b',)"),
        LISTED + "b is off here, but a needs it; switch b on, or a off.",
    ),
    "off in this environment but required": (
        table("a") + "b = {'env': ['prod'], 'path': 'parts/b'}",
        parts(a="dependencies = ('b',)"),
        LISTED + "b is off here, but a needs it; switch b on, or a off.",
    ),
    "cycle": (
        table("x", "a", "b", "c"),
        parts(
            x="dependencies = ('a',)",
            a="dependencies = ('b',)",
            b="dependencies = ('c',)",
            c="dependencies = ('a',)",
        ),
        "config/plugin.py: the plugins depend on each other in a cycle "
        "(a -> b -> c -> a); remove one of these dependencies.",
    ),
    "needs itself": (
        table("a"),
        parts(a="dependencies = ('a',)"),
        "config/plugin.py: the plugins depend on each other in a cycle "
        "(a -> a); remove one of these dependencies.",
    ),
    "another name": (
        "post = {'path': 'parts/mail'}",
        parts("mail"),
        LISTED.replace("the plugin ", "the plugin listed as ")
        + "post calls itself mail; list parts/mail under the name mail.",
    ),
    "no name": (
        table("mail"),
        {"parts/mail/__init__.py": plugin("mail").replace("name = 'mail'", "pass")},
        LISTED + 'mail (parts/mail) has no name; add name = "mail" to its class MailPlugin.',
    ),
    "no such package": (
        "mail = {'package': 'no_such_package'}",
        {},
        LISTED + "mail names the package no_such_package, which is not installed; "
        "install it or correct the name.",
    ),
    "no such module in a package": (
        "mail = {'package': 'parts.nothing'}",
        parts("other"),
        LISTED + "mail names the package parts.nothing, which is not installed; "
        "install it or correct the name.",
    ),
    "no such path": (
        table("mail"),
        {},
        LISTED + "mail names the path parts/mail, but there is no parts/mail/__init__.py; "
        "correct the path.",
    ),
    "neither package nor path": (
        "mail = {}",
        {},
        LISTED + "mail needs either a package or a path.",
    ),
    "only switched on": (
        "mail = True",
        {},
        LISTED + "mail needs either a package or a path.",
    ),
    "both package and path": (
        "mail = {'package': 'parts.mail', 'path': 'parts/mail'}",
        parts("mail"),
        LISTED + "mail needs either a package or a path, not both.",
    ),
    "hands over nothing": (
        table("mail"),
        {"parts/mail/__init__.py": ""},
        "config/plugin.py: parts/mail has no plugin mail; "
        "its module must say `plugin = YourPlugin`, a subclass of yolk.Plugin.",
    ),
    "hands over something else": (
        "mail = {'package': 'parts.mail'}",
        {"parts/mail/__init__.py": "class plugin:\n    name = 'mail'"},
        "config/plugin.py: parts.mail has no plugin mail; "
        "its module must say `plugin = YourPlugin`, a subclass of yolk.Plugin.",
    ),
    "unknown property": (
        "mail = {'path': 'parts/mail', 'enabled': True}",
        parts("mail"),
        LISTED + "mail has no property enabled; did you mean enable?",
    ),
    "property like no other": (
        "mail = {'path': 'parts/mail', 'qqq': True}",
        parts("mail"),
        LISTED + "mail has no property qqq; it takes enable, package, path, env, dependencies, "
        "optional_dependencies.",
    ),
    "property of the wrong type": (
        "mail = {'path': 'parts/mail', 'env': 'prod'}",
        parts("mail"),
        LISTED + "mail: Expected `array`, got `str` - at `$.env`.",
    ),
    "value of the wrong type": (
        "mail = 'parts/mail'",
        parts("mail"),
        "config/plugin.py: mail must be True, False, or a dictionary with package or path.",
    ),
    "setting of the wrong type": (
        table("mail"),
        {
            **parts(mail="class Settings(msgspec.Struct):\n    port: int = 25"),
            "config/config_default.py": "mail = {'port': 'smtp'}",
        },
        "config/config_default.py: the setting mail.port has the wrong value: "
        "Expected `int`, got `str`.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_the_start_with_one_sentence(load: Load, fault: str) -> None:
    """The sentence names the plugin, the file and the remedy."""
    plugins, files, sentence = FAULTS[fault]
    with pytest.raises(StartError) as refusal:
        load({"config/plugin.py": plugins, **files})

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("key", ["path", "package"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("\n\n1 / 0", "ZeroDivisionError: division by zero"),
        ("from yolk import Eggs", "ImportError: cannot import name 'Eggs' from 'yolk'"),
    ],
)
def test_a_plugin_that_does_not_import_stops_the_start(
    load: Load, tmp_path: Path, key: str, text: str, problem: str
) -> None:
    """The sentence contains the error and its line, also for a missing import of the plugin."""
    where = "parts/mail" if key == "path" else "parts.mail"
    with pytest.raises(StartError) as refusal:
        load(
            {
                "config/plugin.py": f"mail = {{'{key}': '{where}'}}",
                "parts/mail/__init__.py": text,
            }
        )

    said = str(refusal.value)
    assert said.startswith(f"{LISTED}mail ({where}) cannot be imported: {problem}")
    line = text.count("\n") + 1
    assert said.endswith(
        f"({tmp_path}/parts/mail/__init__.py, line {line}); fix it or switch it off."
    )


def test_the_file_with_the_fault_is_the_one_that_is_named(load: Load) -> None:
    """Of the two tables, the last one that mentions the plugin is named."""
    with pytest.raises(StartError) as refusal:
        load(
            {
                "config/plugin.py": table("a", "b"),
                "config/plugin_local.py": "b = False",
                **parts("b", a="dependencies = ('b',)"),
            }
        )

    assert str(refusal.value).startswith("config/plugin_local.py: the plugin b is off here")


def test_a_plugin_hidden_by_another_module_stops_the_start(load: Load) -> None:
    """A folder with the name of another module is not confused with it."""
    with pytest.raises(StartError) as refusal:
        load(
            {
                "config/plugin.py": "mail = {'path': 'email'}",
                "email/__init__.py": plugin("mail"),
            }
        )

    said = str(refusal.value)
    assert said.startswith(LISTED + "mail (email) is hidden by another module of that name (")
    assert said.endswith("); rename its folder.")


# --- what is missing says so


def test_what_a_plugin_that_is_off_would_bring_says_so(load: Load) -> None:
    """The error of `app.redis` names the plugin and the file in which to switch it on."""
    app = load(
        {
            "config/plugin.py": "redis = {'path': 'parts/redis'}\nwebsocket = {'enable': False}",
            "config/plugin_local.py": "redis = False",
        }
    )

    with pytest.raises(AttributeError) as missing:
        _ = app.redis
    assert str(missing.value) == (
        "app.redis comes from the plugin redis, which is off; "
        "switch it on in config/plugin_local.py."
    )
    with pytest.raises(AttributeError) as missing:
        _ = app.ws
    assert str(missing.value) == (
        "app.ws comes from the plugin websocket, which is off; switch it on in config/plugin.py."
    )


def test_what_a_plugin_brings_later_says_so(load: Load) -> None:
    """Before a plugin has started, the error says that its attribute does not exist yet."""
    app = load({"config/plugin.py": table("mail"), **parts("mail")})

    with pytest.raises(AttributeError) as missing:
        _ = app.mail
    assert str(missing.value) == (
        "app.mail does not exist yet; the plugin mail provides it when it starts."
    )


def test_what_nobody_brings_says_so(load: Load) -> None:
    """The error differs for a name that no plugin provides and for a plugin that is off."""
    app = load()

    with pytest.raises(AttributeError) as missing:
        _ = app.redis
    assert str(missing.value) == (
        "The application has no redis; no plugin in config/plugin.py provides it."
    )
    assert not hasattr(app, "_nothing")


def test_a_plugin_puts_things_on_the_application(load: Load) -> None:
    """`provide` sets an attribute; a second call replaces it."""
    body = """
    def config_did_load(self):
        self.app.provide("mail", ["first"])
        self.app.provide("mail", ["second"])
    """
    app = load({"config/plugin.py": table("mail"), **parts(mail=body)})

    assert app.mail == ["second"]


@pytest.mark.parametrize("name", ["get", "stop", "config", "logger", "plugins"])
def test_nothing_of_the_applications_own_is_hidden(load: Load, name: str) -> None:
    """A plugin cannot replace an attribute of Sanic or of the application."""
    with pytest.raises(StartError, match=rf"app\.{name} is the application's own"):
        load().provide(name, ["mail"])


def test_nothing_is_put_on_the_application_by_the_way(load: Load) -> None:
    """Setting an attribute directly is refused; the error names `provide`."""
    app = load()

    with pytest.raises(AttributeError, match=r"app\.provide\('mail', \.\.\.\)"):
        app.mail = []
