import pytest

from chronaxie.studies.doctor import BROKEN, NOT_HERE, OK, Finding, as_json, line, works


def test_optional_things_may_be_missing_or_broken():
    fine = [
        Finding("devices", "numpy", OK, "5 spikes", required=True),
        Finding("devices", "cython", BROKEN, "no"),
    ]
    assert works([*fine, Finding("versions", "[cuda]", NOT_HERE, "no")])
    assert not works([*fine, Finding("versions", "torch", BROKEN, "not installed", required=True)])
    assert not works([Finding("versions", "torch", NOT_HERE, "not installed", required=True)])


def test_a_line_says_what_what_is_found_and_what_to_do():
    told = line(Finding("data", "shd", NOT_HERE, "for shd", "chronaxie fetch shd"))
    assert told.split() == ["not", "here", "shd", "for", "shd", "(optional);", "chronaxie", "fetch", "shd"]
    assert line(Finding("data", "folder", OK, "/data")).split() == ["ok", "folder", "/data"]


def test_json_holds_every_field():
    content = as_json(
        [Finding("cache", "folder", BROKEN, "/root: Permission denied", "set it", required=True)]
    )
    assert content == {
        "works": False,
        "findings": [
            {
                "part": "cache",
                "name": "folder",
                "state": "broken",
                "found": "/root: Permission denied",
                "advice": "set it",
                "required": True,
            }
        ],
    }


def test_a_state_that_is_none():
    with pytest.raises(ValueError, match="state must be 'ok', 'not here' or 'broken', got 'fine'"):
        Finding("data", "shd", "fine", "")
