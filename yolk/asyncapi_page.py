"""The page of an application's frames, from its AsyncAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Node = Mapping[str, Any]

MESSAGES = "#/components/messages/"
SCHEMAS = "#/components/schemas/"
LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} keys",
    "maxProperties": "at most {} keys",
    "pattern": "pattern {}",
}
MAX_EXACT = 2**53
"""Larger limits are those of the database, and are not shown."""


def frames_page(text: str) -> str:
    """
    Return the content of the page as HTML.

    Args:
        text: an AsyncAPI 3 document in YAML, of one or more channels.
    """
    import yaml  # noqa: PLC0415  only who looks at the page pays for it

    return "".join(_Page(yaml.safe_load(text)).content()) + "</main>"


class _Page:
    """A page about one document."""

    def __init__(self, document: Node) -> None:
        self.document = document
        parts = document.get("components", {})
        self.messages: Node = parts.get("messages", {})
        self.schemas: Node = parts.get("schemas", {})
        self.security: Node = parts.get("securitySchemes", {})
        operations = document.get("operations", {})
        self.requests = {
            name: one for name, one in operations.items() if one["action"] == "receive"
        }
        self.pushes = {name: one for name, one in operations.items() if one["action"] == "send"}

    def content(self) -> Iterator[str]:
        """Yield the content."""
        info = self.document["info"]
        yield f"<h1>Frames of the WebSocket</h1><p>{_prose(info.get('description', ''))}</p>"
        yield from self._index()
        yield from self._connecting()
        yield '<h2 id="requests">Requests</h2><p>What a client sends.</p>'
        answers: dict[str, list[str]] = {}
        for name, operation in self.requests.items():
            for answer in self._names(operation.get("reply", {})):
                answers.setdefault(answer, []).append(name)
            yield from self._request(name, operation)
        yield '<h2 id="answers">Answers</h2><p>Each has the id of its request.</p>'
        for name, asked in answers.items():
            yield from self._message(name)
            links = ", ".join(_link(f"request-{one}", one) for one in asked)
            yield f'<p class="soft">Answers {links}.</p>'
        yield '<h2 id="pushes">Pushes</h2><p>What the server sends by itself.</p>'
        for operation in self.pushes.values():
            for name in self._names(operation):
                yield from self._message(name)
        yield '<h2 id="types">Types</h2>'
        for name, schema in self.schemas.items():
            yield f'<h3 id="type-{escape(name)}"><code>{escape(name)}</code></h3>'
            yield from self._schema(schema)

    def _index(self) -> Iterator[str]:
        groups = {
            "requests": {f"request-{name}": name for name in self.requests},
            "pushes": {
                name: self._type_of(name)
                for operation in self.pushes.values()
                for name in self._names(operation)
            },
        }
        yield '<ul class="index">'
        for name, links in groups.items():
            found = " ".join(_link(one, text) for one, text in links.items())
            yield f"<li><b>{_link(name, name.title())}</b> {found}</li>"
        yield f"<li><b>{_link('answers', 'Answers')}</b></li>"
        yield f"<li><b>{_link('types', 'Types')}</b></li></ul>"

    def _type_of(self, name: str) -> str:
        """Return the `type` that clients see of a message, or its name."""
        kind = self.messages[name]["payload"].get("properties", {}).get("type", {})
        return str(kind.get("const", name))

    def _connecting(self) -> Iterator[str]:
        yield '<h2 id="connecting">Connecting</h2>'
        for channel in self.document["channels"].values():
            address = escape(channel["address"])
            title = escape(channel.get("title", ""))
            yield f'<p>{title}: <code data-socket="{address}">{address}</code></p>'
        if not self.security:
            return
        yield "<p>One of these authenticates the user:</p>"
        yield '<div class="table"><table><tr><th>name<th>where<th>description</tr>'
        for scheme in self.security.values():
            if scheme["type"] == "http":
                name, where = "Authorization", f"header, as {scheme['scheme'].title()}"
            else:
                name, where = scheme.get("name", ""), scheme.get("in", "")
            yield f"<tr><td><code>{escape(name)}</code><td>{escape(where)}"
            yield f"<td>{_prose(scheme.get('description', ''))}</tr>"
        yield "</table></div>"

    def _request(self, name: str, operation: Node) -> Iterator[str]:
        yield f'<h3 id="request-{escape(name)}"><code>{escape(name)}</code></h3>'
        yield f"<p>{_prose(operation.get('summary', ''))}</p>"
        names = self._names(operation)
        for each in names:
            if len(names) > 1:
                yield f"<h4>{escape(each)}</h4>"
            yield from self._content(self.messages[each])
        answers = ", ".join(_link(one, one) for one in self._names(operation.get("reply", {})))
        if answers:
            yield f"<p>Answer: {answers}</p>"

    def _message(self, name: str) -> Iterator[str]:
        message = self.messages[name]
        yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>'
        if "summary" in message:
            yield f"<p>{_prose(message['summary'])}</p>"
        yield from self._content(message)

    def _content(self, message: Node) -> Iterator[str]:
        yield from self._schema(message["payload"])
        for example in message.get("examples", ()):
            text = json.dumps(example["payload"], ensure_ascii=False)
            yield f"<pre>{escape(text)}</pre>"

    def _names(self, operation: Node) -> list[str]:
        """Return the names of an operation's messages."""
        return [one["$ref"].rpartition("/")[2] for one in operation.get("messages", ())]

    def _schema(self, schema: Node) -> Iterator[str]:
        """Yield a table of the fields, or a line about a type without fields."""
        rows = list(self._rows(schema, ""))
        if not rows:
            yield f"<p>{self._kind(schema)}</p>"
            return
        if "description" in schema:
            yield f"<p>{_prose(schema['description'])}</p>"
        yield '<div class="table"><table class="fields"><tr><th>field<th>type</tr>'
        yield from rows
        yield "</table></div>"

    def _rows(self, schema: Node, prefix: str) -> Iterator[str]:
        """Yield rows for the fields of an object, and of the objects inside it."""
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            path = f"{prefix}{name}"
            mark = "" if name in required else ' <span class="soft">optional</span>'
            text = _prose(field.get("description", ""))
            yield f"<tr><td><code>{escape(path)}</code>{mark}"
            yield f"<td>{self._kind(field)}{text and f'<br>{text}'}</tr>"
            yield from self._rows(field, f"{path}.")
            if "properties" in field.get("items", {}):
                yield from self._rows(field["items"], f"{path}[].")
        for part in schema.get("allOf", ()):
            yield from self._rows(part, prefix)
        choices = [one for one in schema.get("oneOf", ()) if "properties" in one]
        for number, choice in enumerate(choices, 1):
            title = f"{prefix.rstrip('.') or 'the object'}, form {number} of {len(choices)}"
            yield f'<tr><th colspan="2">{escape(title)}</tr>'
            yield from self._rows(choice, prefix)

    def _kind(self, schema: Node) -> str:
        """Return the type of a field in one line."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return _link(f"type-{name}", name)
        if "const" in schema:
            return _code(schema["const"])
        if "enum" in schema:
            return " or ".join(map(_code, schema["enum"]))
        if "oneOf" in schema:
            kinds = (self._kind(one) for one in schema["oneOf"])
            return " or ".join(dict.fromkeys(kinds))
        if "allOf" in schema:
            found = (self._kind(one) for one in schema["allOf"])
            return " and ".join(dict.fromkeys(found))
        return self._plain_kind(schema)

    def _plain_kind(self, schema: Node) -> str:
        kinds = schema.get("type", "any value")
        text = " or ".join([kinds] if isinstance(kinds, str) else kinds)
        if "items" in schema:
            text = text.replace("array", "list") + f" of {self._kind(schema['items'])}"
        values = schema.get("additionalProperties")
        if isinstance(values, Mapping):
            text += f" with values {self._kind(values)}"
        limits = [
            said.format(_code(schema[name]) if name == "pattern" else schema[name])
            for name, said in LIMITS.items()
            if name in schema and (name == "pattern" or schema[name] < MAX_EXACT)
        ]
        return text + (f' <span class="soft">{", ".join(limits)}</span>' if limits else "")


def _of_action(action: str, operations: Node) -> dict[str, Node]:
    return {name: one for name, one in operations.items() if one["action"] == action}


def _link(name: str, text: str) -> str:
    return f'<a href="#{escape(name)}"><code>{escape(text)}</code></a>'


def _code(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value)
    return f"<code>{escape(text)}</code>"


def _prose(text: str) -> str:
    """Return a text as HTML; what is between backticks is code."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )
