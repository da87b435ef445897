"""Yolk: the shape of an Egg.js application on Sanic."""

from yolk.application import Application
from yolk.boot import Boot, NoSettings, Plugin
from yolk.compose import Handler, Middleware, Next, compose
from yolk.context import Context
from yolk.contracts import Listener, Room, WebSocket, WebSocketServer
from yolk.controller import Controller, Service
from yolk.errors import ApiError, StartError, YolkError
from yolk.router import Route, sanic_path
from yolk.server import serve
from yolk.settings import Settings

__all__ = [
    "ApiError",
    "Application",
    "Boot",
    "Context",
    "Controller",
    "Handler",
    "Listener",
    "Middleware",
    "Next",
    "NoSettings",
    "Plugin",
    "Room",
    "Route",
    "Service",
    "Settings",
    "StartError",
    "WebSocket",
    "WebSocketServer",
    "YolkError",
    "compose",
    "sanic_path",
    "serve",
]
