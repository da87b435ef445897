"""The page of who may do what, and the declarations that it is generated from."""

from __future__ import annotations

import pytest

from docs.permissions import PAGE, PUBLIC, Place, application, mounted, places, render

PLACES = places()


@pytest.mark.parametrize("place", PLACES, ids=[place.name for place in PLACES])
def test_every_route_and_frame_declares_who_may_use_it(place: Place) -> None:
    """No route and no frame is without a declaration."""
    assert place.rules, (
        f"{place.name}: nothing says who may use it. Put @permissions.allows(...) above its handler"
        " (see services/permissions.py), then run `make permissions`."
    )
    subjects = [rule.subject for rule in place.rules]
    assert len(set(subjects)) == len(subjects), f"{place.name}: rules need subjects of their own"


def test_no_route_is_mounted_beside_the_declared_ones() -> None:
    """A route that is mounted directly on Sanic serves the page or the documents, and is public."""
    declared = {route.name for route in mounted()}
    others = {
        "GET /" + route.path.replace("__file_uri__:path", "file")
        for route in application().router.routes
        if route.name.partition(".")[2] not in declared
    }

    assert others == {*PUBLIC}


def test_the_page_is_up_to_date() -> None:
    """docs/permissions.md is what `make permissions` writes."""
    assert PAGE.read_text(encoding="utf-8") == render()
