"""Random requests to every operation: the OpenAPI document is true, and nothing breaks."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks

from tests.fuzz.conftest import Amount, add_administrator
from tests.fuzz.vitals import Vitals
from yolk.testing import Server, User

CHECKS: list[Any] = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
CONFIG = {"generation": {"with-security-parameters": False, "database": "none"}}
PASSWORD = "a password that the document does not show"
STEPS = 12
"""Requests of one sequence, each with what earlier ones answered."""

Case = Any
"""A generated request, `schemathesis.Case`."""


@dataclass
class Caller:
    """A client that sends what is generated, with a token and often with real ids."""

    user: User
    random: random.Random
    real: dict[str, Any]
    """Values that exist, by names of fields."""
    ids: dict[str, Any]
    """The same for `{id}`, by the beginning of the path."""
    session: requests.Session = field(default_factory=requests.Session)
    statuses: Counter[int] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def call(self, case: Case) -> Any:
        """Send a request, and return the answer."""
        return self._note(case, case.call(session=self.session, headers=self.headers))

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request. The token is new, because requests end logins."""
        return {"token": self.user.server.token(id=self.user.id)}

    def check(self, case: Case, answer: Any) -> None:
        """Compare an answer with the document."""
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            self.failures += [f"{case.method} {case.path}: {one}" for one in group.exceptions]

    def with_real_ids(self, case: Case) -> None:
        """Replace some of the values in a request by those of existing objects."""
        for start, value in self.ids.items():
            if case.path.startswith(start) and self.random.random() < 0.7:
                case.path_parameters = {**case.path_parameters, "id": value}
        for container in (case.body, case.query):
            if isinstance(container, dict):
                for name in container.keys() & self.real.keys():
                    if self.random.random() < 0.6:
                        container[name] = self.real[name]

    def _note(self, case: Case, answer: Any) -> Any:
        self.statuses[answer.status_code] += 1
        if answer.status_code == 200:
            self.succeeded.add(f"{case.method} {case.path}")
        return answer


@pytest.mark.timeout(3600)
async def test_random_requests(served: Server, source: random.Random, amount: Amount) -> None:
    """Every answer is one that the document describes, none is a fault, and nothing is kept."""
    user = await served.user("fuzz", PASSWORD)
    other = await served.user("other", PASSWORD)
    await add_administrator(served, user.id)
    group = await user.post("/chat/groups", name="Fuzz")
    await other.post("/chat/send", to_id=user.id, data="Hello")
    sent = await user.post("/chat/send", to_id=other.id, data="Hello")
    in_group = await user.post("/chat/send", to_id=group["id"], chat_type="group", data="Hello")
    upload = {"file": ("fuzz.txt", b"fuzz")}
    file = (await served.ask("POST", "/upload", token=user.token, files=upload)).json()["data"]
    real = {
        "to_id": other.id,
        "user_id": other.id,
        "users": [other.id],
        "conv": sent["conv"],
        "message_id": sent["id"],
        "id": sent["id"],
        "cid": "1",
        "data": file["url"],
        "reply_to": sent["id"],
        "password": PASSWORD + "!",
    }
    ids = {
        "/chat/groups/": group["id"],
        "/users/": other.id,
        "/admin/users/": other.id,
        "/admin/groups/": group["id"],
        "/admin/messages/": in_group["id"],
        "/files/": file["id"],
    }
    caller = Caller(user, source, real, ids)
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_url(f"{served.url}/docs/openapi.json", config=config)
    settings = hypothesis.settings(
        max_examples=amount.examples,
        derandomize=amount.examples < 10,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        stateful_step_count=STEPS,
    )
    vitals = Vitals(served)

    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # the document is valid
        requests_to_it = st.one_of(*(operation.as_strategy(mode) for mode in GenerationMode))

        @settings
        @given(case=requests_to_it)
        def try_it(case: Case) -> None:
            caller.with_real_ids(case)
            caller.check(case, caller.call(case))

        try_it()

    schema.apply_stateful_inference(None)

    class Sequence(schema.as_state_machine()):  # type: ignore[misc]
        def call(self, case: Case, **options: Any) -> Any:
            return caller.call(case)

        def validate_response(self, response: Any, case: Case, **_: Any) -> None:
            caller.check(case, response)

    Sequence.run(settings=settings)

    print(sorted(caller.statuses.items()), len(caller.succeeded), await vitals.check())
    print(sorted(caller.succeeded))
    assert not caller.failures, "\n".join(caller.failures)
    assert served.running
