"""Downloads of many files from a list of sums: they continue where they failed."""

import re

import pytest

from chronaxie.studies.fetching import FetchError, fetch


def test_a_database_is_fetched_once(database, server, tmp_path, found):
    fetch("set", folder=tmp_path, progress=False)
    assert {name: (tmp_path / "set" / name).read_bytes() for name in database} == database
    assert found(tmp_path / "set") == {"data/", *database}
    assert sorted(server.requests) == sorted(f"/{name}" for name in database)
    server.requests.clear()
    fetch("set", folder=tmp_path, progress=False)
    assert server.requests == []


@pytest.mark.parametrize(
    ("content", "how"),
    [(b"altered", "whole"), (b"r2 dat", "too short"), (b"r2 dat" * 1000, "cut"), (b"", "missing")],
)
def test_a_database_continues_where_it_failed(database, server, tmp_path, found, content, how):
    server.put("/data/r2.dat", content, how)
    with pytest.raises(FetchError, match=r"r2\.dat could not be downloaded"):
        fetch("set", folder=tmp_path, progress=False)
    complete = {name for name in found(tmp_path / "set") if not name.endswith("/")}
    assert "data/r2.dat" not in complete
    assert complete <= set(database)  # nothing that is hidden or partial
    assert all((tmp_path / "set" / name).read_bytes() == database[name] for name in complete)
    server.put("/data/r2.dat", database["data/r2.dat"])
    server.requests.clear()
    fetch("set", folder=tmp_path, progress=False)
    assert sorted(server.requests) == sorted(f"/{name}" for name in set(database) - complete)
    assert found(tmp_path / "set") == {"data/", *database}


def test_an_interruption_of_a_database(database, server, tmp_path, found, interrupt):
    interrupt("/data/r2.dat")
    with pytest.raises(KeyboardInterrupt):
        fetch("set", folder=tmp_path, progress=False)
    complete = {name for name in found(tmp_path / "set") if not name.endswith("/")}
    assert complete <= set(database) - {"data/r2.dat"}
    assert all((tmp_path / "set" / name).read_bytes() == database[name] for name in complete)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "got the line '|records for 3|no sum of"),
        (lambda text: re.sub(r"\S+ data/r3.*\n", "", text), "got 2 records for 3"),
        (lambda text: re.sub(r"\S+ data/r3.dat\n", "", text), r"got no sum of data/r3\.dat"),
        (lambda text: re.sub(r"\S+ RECORDS\n", "", text), "got no sum of RECORDS"),
        (lambda text: "0" + text, "got the line '0"),
        (lambda text: "<html>" + text, "got the line '<html>"),
        (lambda text: "", "got 0 records for 3"),
        (lambda text: text.replace("data/r3", "data/../../r3"), r"got the name '\.\./\.\./r3'"),
        (
            lambda text: re.sub(r"\S+ data/r1.hea", "0" * 64 + " data/r1.hea", text),
            "another sum of data/r1.hea",
        ),
    ],
)
def test_a_list_of_sums_that_cannot_be_right(database, server, tmp_path, change, message, found):
    server.put("/SHA256SUMS.txt", change(database["SHA256SUMS.txt"].decode()).encode())
    with pytest.raises(FetchError, match=message):
        fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == set()
    assert server.requests == ["/SHA256SUMS.txt"]


def test_a_damaged_list_on_disk_is_named(database, server, tmp_path):
    fetch("set", folder=tmp_path, progress=False)
    (tmp_path / "set" / "SHA256SUMS.txt").write_text("nothing\n")
    with pytest.raises(FetchError, match="SHA256SUMS.txt: expected the list.*delete the file if it is here"):
        fetch("set", folder=tmp_path, progress=False)
