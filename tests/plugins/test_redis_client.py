from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import pytest

from plugins.redis import EMBEDDED, RedisClient, RedisPlugin, RedisSettings
from yolk import Application, StartError


class Host:
    """The part of an application that the plugin uses."""

    serving = True

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.logger = logging.getLogger("tests")
        self.redis: RedisClient

    def provide(self, name: str, value: object) -> None:
        """Put *value* on this object, as the application does."""
        setattr(self, name, value)


def make_plugin(folder: Path, **settings: object) -> RedisPlugin:
    """Make the plugin for an application in *folder*."""
    made = RedisPlugin(cast(Application, Host(folder)), RedisSettings(**settings))  # type: ignore[arg-type]
    made.config_will_load()
    return made


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[RedisPlugin]:
    """Return the plugin of a main process, its server running."""
    started = make_plugin(tmp_path)
    started.main_process_start()
    yield started
    started.main_process_stop()


@pytest.fixture
async def redis(plugin: RedisPlugin) -> AsyncIterator[RedisClient]:
    """Return what a worker finds as `app.redis`."""
    await plugin.did_load()
    yield cast(Host, plugin.app).redis
    await plugin.before_close()


async def test_without_a_url_every_worker_reaches_the_embedded_server(redis: RedisClient) -> None:
    """`app.redis` works without configuration, and returns bytes."""
    await redis.set("ada", b"\xff")

    assert await redis.get("ada") == b"\xff"


async def test_the_workers_learn_the_socket_from_the_environment(
    plugin: RedisPlugin, tmp_path: Path
) -> None:
    """A worker process finds the server by the main process's environment."""
    worker = make_plugin(tmp_path)
    await worker.did_load()
    await worker.before_close()
    plugin.main_process_stop()

    assert EMBEDDED not in os.environ


async def test_the_death_of_the_embedded_server_is_not_noticed(
    redis: RedisClient, plugin: RedisPlugin
) -> None:
    """A command sent while the server is started again gets its answer."""
    assert plugin.server is not None
    assert plugin.server.pid is not None
    await redis.set("ada", "1")
    os.kill(plugin.server.pid, signal.SIGKILL)

    assert await redis.set("bob", "1")


async def test_a_separate_client_may_block_for_long(plugin: RedisPlugin) -> None:
    """A read without a time-out outlasts the time-out of the others."""
    plugin.settings = RedisSettings(timeout=0.05)
    await plugin.did_load()
    redis = cast(Host, plugin.app).redis
    patient = redis.separate(socket_timeout=None)
    try:
        with pytest.raises(redis.unavailable_errors):
            await redis.blpop(["queue"], timeout=0.3)

        assert await patient.blpop(["queue"], timeout=0.3) is None
    finally:
        await patient.aclose()
        await plugin.before_close()


async def test_whoever_finds_no_free_connection_waits(plugin: RedisPlugin) -> None:
    """More concurrent commands than connections are not an error."""
    plugin.settings = RedisSettings(connections=2)
    await plugin.did_load()
    redis = cast(Host, plugin.app).redis
    try:
        answers = await asyncio.gather(*(redis.incr("n") for _ in range(100)))
    finally:
        await plugin.before_close()

    assert sorted(answers) == list(range(1, 101))


async def test_who_is_cancelled_stays_cancelled(redis: RedisClient) -> None:
    """A cancellation propagates at every step of a command."""

    async def ask_for_ever() -> None:
        while True:
            await redis.get("key")

    for steps in range(200):
        task = asyncio.create_task(ask_for_ever())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=1)
        assert done, f"it went on, cancelled after {steps} steps"
        assert task.cancelled()


async def test_a_server_that_hangs_is_unavailable_in_time(
    plugin: RedisPlugin, tmp_path: Path
) -> None:
    """A missing answer is an outage after the timeout, and the command is sent only once."""
    plugin.settings = RedisSettings(timeout=0.1)
    await plugin.did_load()
    redis = cast(Host, plugin.app).redis
    assert plugin.server is not None
    assert plugin.server.pid is not None
    os.kill(plugin.server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(redis.unavailable_errors):
            await redis.incr("n")
    finally:
        os.kill(plugin.server.pid, signal.SIGCONT)
        await plugin.before_close()

    await plugin.did_load()
    assert await cast(Host, plugin.app).redis.get("n") in {b"1", None}
    await plugin.before_close()


@pytest.mark.parametrize(
    "url",
    ["redis://ada:s3cret@127.0.0.1:1/0", "redis://ada:s3cret@127.0.0.1:port"],
)
async def test_a_redis_that_is_unavailable_stops_the_start(tmp_path: Path, url: str) -> None:
    """One sentence names the address and REDIS_URL, without the password."""
    plugin = make_plugin(tmp_path, url=url, retries=0)
    plugin.main_process_start()

    with pytest.raises(StartError, match="REDIS_URL") as refusal:
        await plugin.did_load()

    assert "s3cret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_url_of_another_kind_stops_the_start(tmp_path: Path) -> None:
    """An invalid URL is refused before anything starts."""
    with pytest.raises(StartError, match=r"redis\.url must begin with redis://"):
        make_plugin(tmp_path, url="http://127.0.0.1")


async def test_a_worker_without_a_main_process_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker without an embedded server names the remedy."""
    monkeypatch.delenv(EMBEDDED, raising=False)

    with pytest.raises(StartError, match="REDIS_URL"):
        await make_plugin(tmp_path).did_load()
