"""The table of data sets, and the command line."""

import hashlib
import re
from pathlib import Path

from chronaxie.studies import fetching
from chronaxie.studies.cli import main
from chronaxie.studies.datasets import DATASETS


def md5(content):
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_the_sums_in_the_table_are_those_of_the_data_folder(data_dir):
    for file in DATASETS["mnist"].files:
        assert md5((data_dir / file.target).read_bytes()) == file.checksum
    known = DATASETS["ludb"].listed.known
    for name in ("1.dat", "1.hea", "1.ii"):
        content = (data_dir / "wfdb" / "ludb" / name).read_bytes()
        assert known[f"data/{name}"] == f"sha256:{sha256(content)}"


def test_the_table_is_in_order():
    for name, entry in DATASETS.items():
        assert entry.name == name
        assert (entry.listed is None) == bool(entry.files)
        assert all(base.startswith("https://") and base.endswith("/") for base in entry.bases)
        for file in entry.files:
            assert file.target.startswith(f"{name}/")
            algorithm, value = file.checksum.split(":")
            assert len(value) == hashlib.new(algorithm).digest_size * 2


def test_every_data_set_is_described():
    page = (Path(__file__).resolve().parents[3] / "docs" / "data.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE)
    assert [name for name, _ in rows] == list(DATASETS)
    for name, tasks in rows:
        assert tasks.replace("`", "") == DATASETS[name].tasks


def test_the_command_line_lists_and_fetches(server, tmp_path, capsys, found):
    assert main(["fetch", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{name}: {entry.title}" in listed for name, entry in DATASETS.items())
    assert main(["fetch"]) == 1
    assert "which data set?" in capsys.readouterr().err
    assert main(["fetch", "minst"]) == 1
    assert "nearest: mnist" in capsys.readouterr().err
    assert main(["fetch", "shd", "--out", str(tmp_path), "--base-url", server.address]) == 1
    assert "the server answers 404" in capsys.readouterr().err
    assert found(tmp_path) == set()


def test_the_command_line_says_where(one_file, tmp_path, capsys):
    assert main(["fetch", "set", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'set'}\n"
    assert main(["fetch", "set", "--out", str(tmp_path)]) == 0
    assert "a.bin: complete" in capsys.readouterr().err


def test_nothing_is_shown_where_there_is_no_terminal(one_file, tmp_path, capsys):
    fetching.fetch("set", folder=tmp_path)
    assert capsys.readouterr() == ("", "")
