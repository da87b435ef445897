"""Examples of requests about files; part of the story in `controllers/api/examples.py`."""

from __future__ import annotations

from yolk import Example

NOTES_ID = "01a207a8-6f0e-7c3e-8f57-9a2b6c1d4e01"
SEA_ID = "01a207a8-7a11-7d40-b1c2-3d4e5f607182"
NOTES = {
    "id": NOTES_ID,
    "url": f"/files/{NOTES_ID}",
    "name": "notes.txt",
    "size": 15,
    "type": "text/plain",
}
SEA = {
    "id": SEA_ID,
    "url": f"/files/{SEA_ID}",
    "name": "sea.png",
    "size": 204118,
    "type": "image/png",
    "width": 1600,
    "height": 1200,
    "blur": "data:image/webp;base64,UklGRjoAAABXRUJQVlA4IC4AAACQAQCdASoLABAAAsBMJaACdLoAA5gA",
    "thumbnail": True,
}
SIGNED = "expires=1795428400&signature=4p0Qk1xJ8mB3yXoT5vZcWfR7hLdN2sGaE6uKiPjVbYw"

UPLOAD = Example(body={"file": "notes.txt"}, answer=NOTES)
UPLOAD_TO_FOLDER = Example(params={"folder": "holidays"}, body={"file": "sea.png"}, answer=SEA)
READ = Example(params={"id": NOTES_ID})
READ_SMALL = Example(params={"id": SEA_ID})
INFO = Example(params={"id": NOTES_ID}, answer=NOTES)
LINKS = Example(
    body={"ids": [SEA_ID]},
    answer={
        "links": {
            SEA_ID: {
                "url": f"/files/{SEA_ID}?{SIGNED}",
                "thumbnail": f"/files/{SEA_ID}/thumbnail?{SIGNED}",
            }
        },
        "expires_in": 5033,
    },
)
