import shutil

import pytest

from chronaxie.gradient_bridge import native
from chronaxie.studies.datasets import DATASETS
from chronaxie.studies.doctor import BROKEN, NOT_HERE, OK, compilers
from chronaxie.studies.doctor.compilers import compiler_findings
from chronaxie.studies.doctor.surroundings import cache_findings, data_findings, thread_finding
from chronaxie.studies.tasks import fsdd, ludb, mnist, qtdb


def by_name(findings):
    return {finding.name: finding for finding in findings}


# ------------------------------------------------------------------ compilers
def test_compilers_that_work(tmp_path, monkeypatch):
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")
    monkeypatch.setenv("CC", "gcc -O1")
    found = by_name(compiler_findings(tmp_path))
    assert found["C compiler"].state == OK
    assert "gcc" in found["C compiler"].found


@pytest.mark.parametrize(
    ("command", "state", "said"),
    [
        ("no_such_compiler -m64", BROKEN, "CC=no_such_compiler -m64, which is no program"),
        ("false", BROKEN, "exit code 1"),
        ("'gcc", BROKEN, 'CC="\'gcc" is not a command: No closing quotation'),
    ],
)
def test_a_compiler_that_does_not_work(tmp_path, monkeypatch, command, state, said):
    monkeypatch.setenv("CC", command)
    finding = by_name(compiler_findings(tmp_path))["C compiler"]
    assert finding.state == state
    assert said in finding.found


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("sleep 60", ", which does not say its version"),
        ("printf '\\377 cc 1\\n'; exit 0", ", \ufffd cc 1"),
    ],
)
def test_a_compiler_that_does_not_say_its_version(tmp_path, monkeypatch, does, said):
    path = tmp_path / "cc"
    program = "#!/bin/sh\nexit 0\n"
    path.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = --version ]; then {does}; fi\n'
        'while [ "$1" != -o ]; do shift; done\n'
        f'cp {tmp_path / "program"} "$2"\n'
    )
    (tmp_path / "program").write_text(program)
    for file in (path, tmp_path / "program"):
        file.chmod(0o755)
    monkeypatch.setenv("CC", str(path))
    monkeypatch.setattr(compilers, "SECONDS", 2)
    (tmp_path / "built").mkdir()
    finding = by_name(compiler_findings(tmp_path / "built"))["C compiler"]
    assert (finding.state, finding.found) == (OK, f"{path}{said}")


def test_the_compiler_is_that_of_the_engine(tmp_path, monkeypatch):
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc")
    place = tmp_path / "a folder"
    place.mkdir()
    for name in ("gcc", "cc"):
        (place / name).symlink_to(gcc)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    for named in (f'"{place}/gcc" -O1', ""):
        monkeypatch.setenv("CC", named)
        finding = by_name(compiler_findings(tmp_path))["C compiler"]
        assert finding.state == OK, finding
        assert finding.found.startswith(f"{native.find_compiler()[0]}, ")


def test_a_machine_without_compilers(tmp_path, monkeypatch):
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = by_name(compiler_findings(tmp_path))
    assert [found[name].state for name in ("C compiler", "C++ compiler", "make")] == [NOT_HERE] * 3
    assert "gives the engine fused" in found["C compiler"].advice
    assert "apt-get install g++" in found["C++ compiler"].advice


# ------------------------------------------------------------------ data
def test_no_folder_of_data():
    found = by_name(data_findings(None, named=False))
    assert found["folder"].state == NOT_HERE
    assert "chronaxie fetch NAME" in found["folder"].advice
    assert set(DATASETS) < set(found)
    assert found["qtdb"].advice == "chronaxie fetch qtdb (75 MB)"


def test_a_folder_that_was_named_must_be_there(tmp_path):
    finding = by_name(data_findings(tmp_path / "gone", named=True))["folder"]
    assert (finding.state, finding.required) == (BROKEN, True)


def test_whole_and_begun_data_sets(tmp_path):
    for name in (file.target for file in DATASETS["mnist"].files):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "shd").mkdir()
    (tmp_path / "shd" / "shd_train.h5").touch()
    (tmp_path / "ludb" / "data").mkdir(parents=True)
    (tmp_path / "ludb" / "data" / "1.hea").touch()
    (tmp_path / "biology").mkdir()
    (tmp_path / "biology" / "allen.csv").touch()
    found = by_name(data_findings(tmp_path, named=True))
    assert [found[name].state for name in ("mnist", "shd", "ludb", "ssc", "biology", "checkpoints")] == [
        OK,
        BROKEN,
        BROKEN,
        NOT_HERE,
        OK,
        NOT_HERE,
    ]
    assert found["shd"].found == "1 of 2 files"
    assert found["shd"].advice == f"chronaxie fetch shd --out {tmp_path} goes on"
    assert found["ludb"].found == "1 of 200 files"


@pytest.mark.parametrize(
    ("count", "state", "found"),
    [
        (0, NOT_HERE, "for spoken_digits"),
        (2, BROKEN, "2 of 3000 files"),
        (3000, OK, "for spoken_digits"),
        (3001, OK, "for spoken_digits"),
    ],
)
def test_recordings_are_counted(tmp_path, count, state, found):
    folder = tmp_path / fsdd.FILES[1]
    folder.mkdir(parents=True)
    (folder / "README.md").touch()
    for k in range(count):
        (folder / f"0_jackson_{k}.wav").touch()
    finding = by_name(data_findings(tmp_path, named=True))["fsdd"]
    assert (finding.state, finding.found) == (state, found)


def test_more_records_than_a_database_has(tmp_path):
    (tmp_path / "qtdb").mkdir()
    for k in range(106):
        (tmp_path / "qtdb" / f"sel{k}.hea").touch()
    assert by_name(data_findings(tmp_path, named=True))["qtdb"].state == OK


@pytest.mark.parametrize("name", [name for name, dataset in DATASETS.items() if dataset.instead])
def test_what_tasks_read_in_their_place_counts_as_whole(tmp_path, name):
    dataset = DATASETS[name]
    for file in dataset.instead[0]:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    wanted, there = dataset.present(tmp_path)
    assert wanted == there > 0
    (tmp_path / dataset.instead[0][-1]).unlink()
    assert dataset.present(tmp_path)[1] == 0


def test_the_files_in_their_place_are_those_of_the_tasks():
    assert DATASETS["qtdb"].instead == (qtdb.FILES,)
    assert DATASETS["ludb"].instead == ((ludb.ARRAYS,),)
    assert DATASETS["fsdd"].recordings[0] == f"{fsdd.FILES[1]}/*.wav"
    assert set(DATASETS["mnist"].instead[0]) == {name for pair in mnist.FILES.values() for name in pair}


# ------------------------------------------------------------------ cache, threads
def test_the_cache(tmp_path):
    (tmp_path / "fused" / "abc").mkdir(parents=True)
    (tmp_path / "fused" / "abc" / "engine.so").write_bytes(bytes(2**20))
    found = by_name(cache_findings(tmp_path))
    assert found["folder"].found == str(tmp_path)
    assert found["compiled code"].found == "1.0 MB; chronaxie cache --clear empties it"
    assert found["data sets"].found == "0.0 MB"


def test_a_cache_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    (finding,) = cache_findings(tmp_path / "file" / "chronaxie")
    assert (finding.state, finding.required) == (BROKEN, True)
    assert "XDG_CACHE_HOME" in finding.advice


def test_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "100000")
    finding = thread_finding([])
    assert finding.state == BROKEN
    assert "OMP_NUM_THREADS is 100000" in finding.found
    for other in ("²", "4,2", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", other)
        assert thread_finding([]).state == OK
    monkeypatch.delenv("OMP_NUM_THREADS")
    finding = thread_finding([{"state": OK, "found": "2", "advice": ""}])
    assert finding.state == OK
    assert "PyTorch takes 2, OMP_NUM_THREADS is not set" in finding.found
