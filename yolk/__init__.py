"""Yolk: the shape of an Egg.js application on Sanic."""

from yolk.application import Application
from yolk.boot import Boot, NoSettings, Plugin
from yolk.commands import Commands
from yolk.compose import Handler, Middleware, Next, compose
from yolk.context import Context
from yolk.contracts import CloseNotice, Label, Listener, Room, WebSocket, WebSocketServer
from yolk.controller import Controller, Service
from yolk.describe import Example, Nothing, describe
from yolk.errors import ApiError, Refusal, StartError, YolkError
from yolk.hooks import Filter, Hooks, Notice
from yolk.router import Route, sanic_path, sends_first
from yolk.server import serve
from yolk.settings import Settings

__all__ = [
    "ApiError",
    "Application",
    "Boot",
    "CloseNotice",
    "Commands",
    "Context",
    "Controller",
    "Example",
    "Filter",
    "Handler",
    "Hooks",
    "Label",
    "Listener",
    "Middleware",
    "Next",
    "NoSettings",
    "Nothing",
    "Notice",
    "Plugin",
    "Refusal",
    "Room",
    "Route",
    "Service",
    "Settings",
    "StartError",
    "WebSocket",
    "WebSocketServer",
    "YolkError",
    "compose",
    "describe",
    "sanic_path",
    "sends_first",
    "serve",
]
