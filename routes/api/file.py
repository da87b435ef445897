"""Uploads and downloads."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate
from middleware.authenticate_or_link import authenticate_or_link


def mount(app: Application) -> None:
    """Mount uploads and downloads."""
    file, http = app.controller.api.file, app.http
    # Upload a file in one request.
    http.post("/upload", authenticate, file.upload.create, stream=True)
    http.post("/upload/<folder:path>", authenticate, file.upload.create_in, stream=True)
    # Upload a file in several requests: https://tus.io/protocols/resumable-upload
    http.mount(("OPTIONS",), "/upload/tus", file.tus.options)
    http.mount(("OPTIONS",), "/upload/tus/<id>", file.tus.options)
    http.post("/upload/tus", authenticate, file.tus.create, stream=True)
    http.mount(("HEAD",), "/upload/tus/<id>", authenticate, file.tus.show)
    http.patch("/upload/tus/<id>", authenticate, file.tus.add, stream=True)
    http.post("/upload/tus/<id>", authenticate, file.tus.override, stream=True)
    http.delete("/upload/tus/<id>", authenticate, file.tus.remove)
    # Read files.
    http.post("/files/links", authenticate, file.download.links)
    http.get("/files/<id>", authenticate_or_link, file.download.show)
    http.get("/files/<id>/thumbnail", authenticate_or_link, file.download.thumbnail)
    http.get("/files/<id>/info", authenticate, file.download.info)
    # Delete files.
    http.delete("/files/<id>", authenticate, file.download.remove)
