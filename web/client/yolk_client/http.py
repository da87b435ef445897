"""The HTTP side of the server, with a token that renews itself."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from yolk_client.errors import Lost, SessionOver, YolkError
from yolk_client.types import Person

TIMEOUT = 20.0
"""Seconds for an answer."""

Token = Callable[[], str | Awaitable[str]]
"""Gives a token of another system, fresh."""


class Http:
    """
    Asks the server over HTTP.

    Args:
        url: where it is.
        token: gives tokens of another system; without it, there is a login.
    """

    def __init__(self, url: str, token: Token | None) -> None:
        self.me: Person | None = None
        self._foreign = token
        self._token = ""
        self._refresh_token = ""
        self._renewing = asyncio.Lock()
        self._http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT)

    async def enter(self, how: str, username: str, password: str) -> Person:
        """Register or log in ("register" or "login")."""
        body = {"username": username, "password": password}
        return self._take(await self._ask("POST", f"/auth/{how}", json=body))

    async def come(self) -> Person:
        """Give who one is; with a token of another system, its `id` says it."""
        if self.me is None:
            if self._foreign is None:
                raise SessionOver("log in first", code=3001, status=401)
            await self.renew("")
            user_id = _claims(self._token)["id"]
            self.me = Person.of(await self.call("GET", f"/users/{user_id}"))
        return self.me

    async def leave(self) -> None:
        """End the login, here at once."""
        token, refresh_token = self._token, self._refresh_token
        self.me, self._token, self._refresh_token = None, "", ""
        if refresh_token:
            headers, body = {"token": token}, {"refresh_token": refresh_token}
            await self._ask("POST", "/auth/logout", headers=headers, json=body)

    async def call(
        self, method: str, path: str, parameters: Mapping[str, Any] | None = None
    ) -> Any:
        """Ask, and give the `data` of the answer."""
        way = "params" if method == "GET" else "json"
        return _data(await self.send(method, path, **{way: parameters}))

    async def ticket(self) -> str:
        """Give what opens a socket, once."""
        return str((await self.call("POST", "/auth/ticket"))["ticket"])

    async def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """
        Send a request with the token, and once more with a new one where it is refused.

        Raises:
            Lost: there was no answer.
            SessionOver: the login is over.
        """
        used = self._token
        response = await self._send_with(used, method, path, headers, options)
        if response.status_code != 401:
            return response
        await self.renew(used)
        return await self._send_with(self._token, method, path, headers, options)

    async def renew(self, used: str | None = None) -> None:
        """Get a new token in place of *used*, unless that happened meanwhile."""
        async with self._renewing:
            if used is not None and used != self._token:
                return
            if self._foreign is not None:
                token = self._foreign()
                self._token = await token if inspect.isawaitable(token) else token
                return
            try:
                body = {"refresh_token": self._refresh_token}
                self._take(await self._ask("POST", "/auth/refresh", json=body))
            except YolkError as error:
                if error.temporary:
                    raise
                raise SessionOver(str(error), code=error.code, status=error.status) from None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    def _take(self, login: Any) -> Person:
        self._token, self._refresh_token = login["token"], login["refresh_token"]
        self.me = Person.of(login)
        return self.me

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        return _data(await self._send(method, path, **options))

    async def _send_with(
        self,
        token: str,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        options: dict[str, Any],
    ) -> httpx.Response:
        return await self._send(
            method, path, headers={"token": token, **(headers or {})}, **options
        )

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise Lost(f"{type(error).__name__}: {error}") from error


def error_of(response: httpx.Response) -> YolkError:
    """Read an answer that says no."""
    try:
        answer = response.json()
        text, code = str(answer["data"]), int(answer.get("code", 0))
        temporary = bool(answer.get("temporary"))
    except (ValueError, KeyError, TypeError, AttributeError):
        text, code, temporary = response.reason_phrase, 0, False
    status, after = response.status_code, response.headers.get("Retry-After", "")
    return YolkError(
        text,
        code=code,
        status=status,
        temporary=temporary or status >= 500 or status == 429,
        retry_after=float(after) if after.isdecimal() else 0,
    )


def _data(response: httpx.Response) -> Any:
    try:
        answer = response.json()
    except ValueError:
        raise error_of(response) from None
    if not response.is_success or not isinstance(answer, dict) or answer.get("msg") != "ok":
        raise error_of(response)
    return answer["data"]


def _claims(token: str) -> Any:
    """Read a token without checking it: that is for the server."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
