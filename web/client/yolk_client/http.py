"""HTTP requests with a token that is renewed when it expires."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from yolk_client.errors import Lost, SessionOver, YolkError
from yolk_client.text import to_json, well_formed
from yolk_client.types import Person

TIMEOUT = 20.0
"""Seconds to wait for an answer."""

Token = Callable[[], str | Awaitable[str]]
"""Returns a fresh token of another system."""


class Http:
    """
    The login, and requests to the server over HTTP.

    Args:
        url: the address of the server.
        token: returns tokens of another system; None: there is a login.
    """

    def __init__(self, url: str, token: Token | None) -> None:
        self.me: Person | None = None
        self._external_token = token
        self._token = ""
        self._refresh_token = ""
        self._renewing = asyncio.Lock()
        self._http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT)

    @property
    def token(self) -> str:
        """The current token."""
        return self._token

    async def authenticate(self, how: str, username: str, password: str) -> Person:
        """Register or log in: *how* is "register" or "login"."""
        body = {"username": username, "password": password}
        return self._take(await self._ask("POST", f"/auth/{how}", json=body))

    async def identify(self) -> Person:
        """Return the logged-in user; with a token of another system, the user of its `id`."""
        if self.me is None:
            if self._external_token is None:
                raise SessionOver("not logged in", code=3001, status=401)
            await self.renew("")
            user_id = _claims(self._token)["id"]
            self.me = Person.of(await self.call("GET", f"/users/{user_id}"))
        return self.me

    async def log_out(self) -> None:
        """Delete the login here, then end it on the server."""
        token, refresh_token = self._token, self._refresh_token
        self.me, self._token, self._refresh_token = None, "", ""
        if refresh_token:
            headers, body = {"token": token}, {"refresh_token": refresh_token}
            await self._ask("POST", "/auth/logout", headers=headers, json=body)

    async def call(
        self, method: str, path: str, parameters: Mapping[str, Any] | None = None
    ) -> Any:
        """Send a request, and return the `data` of the answer."""
        if method == "GET":
            texts = {
                name: well_formed(value) if isinstance(value, str) else value
                for name, value in (parameters or {}).items()
            }
            return _data(await self.send(method, path, params=texts))
        return _data(await self.send(method, path, json=parameters))

    async def ticket(self) -> str:
        """Return a ticket, which opens one socket."""
        return str((await self.call("POST", "/auth/ticket"))["ticket"])

    async def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """
        Send a request with the token; if it is refused, renew the token and send it again.

        Raises:
            Lost: there was no answer.
            SessionOver: the login has ended.
        """
        used = self._token
        response = await self._send_with(used, method, path, headers, options)
        if response.status_code != 401:
            return response
        await self.renew(used)
        return await self._send_with(self._token, method, path, headers, options)

    async def renew(self, used: str | None = None) -> None:
        """Renew the token, unless *used* is no longer the current one."""
        async with self._renewing:
            if used is not None and used != self._token:
                return
            if self._external_token is not None:
                token = self._external_token()
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
        """Close the connections."""
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
        body = options.pop("json", None)
        if body is not None:
            options["content"] = to_json(body).encode()
            options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
        try:
            return await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise Lost(f"{type(error).__name__}: {error}") from error


def error_of(response: httpx.Response) -> YolkError:
    """Return the error that an answer reports."""
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
        retry_after=seconds_of(after),
    )


def seconds_of(header: str) -> float:
    """Return the seconds that a header `Retry-After` names; 0 if there are none."""
    return float(header) if header.isdecimal() else 0


def _data(response: httpx.Response) -> Any:
    try:
        answer = response.json()
    except ValueError:
        raise error_of(response) from None
    if not response.is_success or not isinstance(answer, dict) or answer.get("msg") != "ok":
        raise error_of(response)
    return answer["data"]


def _claims(token: str) -> Any:
    """Decode a token without verifying it: the server does that."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
