"""Random values and texts of JSON, among them those that decoders and databases stumble over."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

INTEGERS = (0, 1, -1, 2, 200, 201, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 2**64, 10**40)
NUMBERS = (0.5, -0.0, 1.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"))
TEXTS = (
    *("", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\u202e", "\u200b", "\ufeff", "\uffff"),
    *(
        "a" * 17,
        "b" * 65,
        "c" * 1025,
        "好" * 300,
        "\N{GRINNING FACE}" * 70,
        "e\u0301",
        "\r\n",
        "'",
        '"',
    ),
    *("null", "-1", "1e400", "s:1:1", "g:0", "g:99999999999999999999", "s::", "s:1:2:3", "/files/"),
    *("/files/01a207b0-6c1e-7f02-9d3b-6f0c2b1d4e55", "http://[", "https://a.example/x", "%00", "*"),
    *(
        "00000000-0000-0000-0000-000000000000",
        "{",
        '{"user_id": 1}',
        '{"latitude": NaN}',
        "[" * 900,
    ),
)
RAW = (
    *("NaN", "-Infinity", "01", "1e999", "-", '"\\ud800"', '"\\u0000"', '"\\x"', "'a'", "T", ""),
    *("9" * 400, "1" + "0" * 5000, "0." + "3" * 3000, '"' + "\\u0041" * 500 + '"', "[1,]", "{,}"),
    *("[" * 600 + "]" * 600, '{"a":' * 400 + "1" + "}" * 400, "[" * 5000, "\x01", "//", "\ufeff{}"),
)
"""Texts in the place of a value, most of which are not JSON."""


class Junk:
    """
    A source of random values.

    Args:
        random: decides everything, so that the same seed makes the same values.
        names: likely names of fields.
    """

    def __init__(self, random: random.Random, names: tuple[str, ...]) -> None:
        self.random = random
        self._names = names
        self._kinds: tuple[Callable[[int], Any], ...] = (
            lambda _: random.choice(INTEGERS),
            lambda _: random.choice(NUMBERS),
            lambda _: random.choice(TEXTS),
            lambda _: random.choice((None, True, False)),
            lambda _: self.text(),
            lambda depth: [self.value(depth + 1) for _ in range(random.randrange(4))],
            lambda depth: {self.name(): self.value(depth + 1) for _ in range(random.randrange(4))},
        )

    def name(self) -> str:
        """Return the name of a field."""
        return self.random.choice(self._names if self.random.random() < 0.8 else TEXTS)

    def text(self) -> str:
        """Return a short text of any characters."""
        size = self.random.randrange(12)
        limit = self.random.choice((0x7F, 0xFF, 0x3000, 0x10FFFF))
        return "".join(chr(self.random.randint(0, limit)) for _ in range(size))

    def value(self, depth: int = 0) -> Any:
        """Return a value of any type."""
        kinds = self._kinds if depth < 4 else self._kinds[:5]
        return self.random.choice(kinds)(depth)

    def mutate(self, value: Any) -> Any:
        """Return a value with one part replaced, removed or added."""
        if not isinstance(value, (dict, list)) or not value or self.random.random() < 0.15:
            return self.value()
        if isinstance(value, list):
            items = list(value)
            at = self.random.randrange(len(items))
            items[at] = self.mutate(items[at])
            return items * self.random.choice((1, 1, 1, 2, 300))
        changed = dict(value)
        name = self.random.choice(list(changed))
        action = self.random.random()
        if action < 0.6:
            changed[name] = self.mutate(changed[name])
        elif action < 0.8:
            changed[self.name()] = self.value()
        else:
            del changed[name]
        return changed

    def encode(self, value: Any) -> bytes:
        """Return the JSON of a value, sometimes damaged: broken syntax, raw controls, bad UTF-8."""
        text = json.dumps(value, ensure_ascii=self.random.random() < 0.5)
        action = self.random.random()
        if action < 0.05 and ":" in text:
            at = self.random.choice([at for at, one in enumerate(text) if one == ":"]) + 1
            text = text[:at] + self.random.choice(RAW) + text[self.random.randint(at, len(text)) :]
        elif action < 0.08:
            text = text[: self.random.randrange(len(text) + 1)]
        data = text.encode("utf-8", "surrogatepass")
        if action > 0.97 and data:
            at = self.random.randrange(len(data))
            data = data[:at] + self.random.randbytes(self.random.randrange(1, 4)) + data[at + 1 :]
        return data
