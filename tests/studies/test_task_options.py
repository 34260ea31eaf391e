"""Options of a task's own function: on the command line, checked, and kept with what was trained."""

import argparse

import pytest

from chronaxie.studies.commands.arguments import add_options, option


# ------------------------------------------------------------------ the argument
@pytest.mark.parametrize(
    "text, value",
    [
        ("window=4", 4),
        ("window=4.0", 4.0),
        ("leave_out=theo", "theo"),
        ('leave_out="8"', "8"),
        ("leave_out=", ""),
        ("path=a=b", "a=b"),
        ("leave_out=null", None),
        ("flag=true", True),
        ("valid_speakers=[1, 2]", (1, 2)),
        ("nested=[[1], []]", ((1,), ())),
        ('binning={"pool": 10, "list": [1]}', {"pool": 10, "list": (1,)}),
        ("value=NaN", "NaN"),
        ("value=[1,", "[1,"),
        pytest.param("value=" + "[" * 100_000, "[" * 100_000, id="deep"),
    ],
)
def test_a_value_is_json_or_text(text, value):
    name, got = option(text)
    assert name == text.split("=")[0]
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize("text", ["window", "=4", "", "two words=1", "valid-fraction=0.2"])
def test_what_names_no_option_is_refused(text):
    with pytest.raises(
        argparse.ArgumentTypeError, match="expected NAME=VALUE, such as valid_fraction=0.2, got"
    ):
        option(text)


def test_options_are_gathered_and_none_comes_twice(capsys):
    parser = argparse.ArgumentParser()
    add_options(parser)
    assert parser.parse_args([]).options == {}
    assert parser.parse_args(["--option", "a=1", "--option", "b=x"]).options == {"a": 1, "b": "x"}
    assert parser.parse_args([]).options == {}
    with pytest.raises(SystemExit):
        parser.parse_args(["--option", "a=1", "--option", "a=1"])
    assert "argument --option: a is given twice; give it once" in capsys.readouterr().err
