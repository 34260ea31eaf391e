"""From text and TOML to a configuration, with the types of its fields."""

import math
from dataclasses import dataclass

import pytest

from chronaxie.studies.running.values import (
    configuration,
    from_json,
    read_toml,
    read_value,
    read_values,
    to_json,
)
from chronaxie.studies.train_config import TrainConfig


@dataclass(frozen=True)
class Config:
    name: str
    rate: float = 0.1
    sizes: tuple[int, ...] = (36,)
    span: tuple[float, float] | None = None
    on: bool = False
    epochs: int | None = None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("36", 36),
        ("null", None),
        ("[1, 2]", (1, 2)),
        ('"8"', "8"),
        ("alif", "alif"),
        ("NaN", "NaN"),
    ],
)
def test_a_value_is_json_or_text(text, value):
    assert read_value(text) == value
    assert type(read_value(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("18,36,72", (18, 36, 72)),
        ("[18,18],[36]", ((18, 18), (36,))),
        ("alif, lstm", ("alif", "lstm")),
        ("true,null", (True, None)),
        (" ", ()),
    ],
)
def test_values_stand_between_commas(text, values):
    assert read_values(text) == values


def test_a_single_value_stands_for_a_tuple_and_a_whole_number_for_a_float():
    made = configuration(Config, {"name": "x", "sizes": 18, "rate": 1, "span": [1, 2]}, where="here")
    assert made == Config("x", 1.0, (18,), (1.0, 2.0))
    assert [type(made.rate), type(made.span[0])] == [float, float]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "x", "rat": 1}, "here: no field 'rat' in Config; the nearest are rate"),
        ({"name": "x", "rate": "fast"}, "here: rate: expected float, got 'fast'"),
        ({"name": "x", "rate": True}, "here: rate: expected float, got True"),
        ({"name": "x", "sizes": ["a"]}, r"here: sizes: expected tuple\[int, ...\], got \['a'\]"),
        ({"name": "x", "span": [1, 2, 3]}, r"here: span: expected tuple\[float, float\] \| None"),
        ({"name": "x", "on": 1}, "here: on: expected bool, got 1"),
        (
            {"name": "x", "sizes": read_value("[3, many]")},
            r"got '\[3, many\]'; as JSON, .* double quotation marks",
        ),
        ({"name": "x", "rate": read_value("1e999")}, "here: rate: expected finite numbers, .* got inf"),
        ({"name": "x", "span": [0.0, -math.inf]}, "here: span: expected finite numbers, .* got"),
        ({"name": {"a": (1, math.nan)}}, "here: name: expected finite numbers, .* got"),
        ({"name": 8}, "here: name: expected str, got 8"),
        ({}, "here: name needs a value: --set name=VALUE"),
    ],
)
def test_what_the_configuration_does_not_take_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        configuration(Config, values, where="here")


def test_a_configuration_comes_back_from_json():
    for made in (Config("ä", 0.1 + 0.2, (1, 2), (0.0, 1e-300)), TrainConfig("digits", options={"window": 2})):
        assert from_json(type(made), to_json(made), where="here") == made


def test_json_of_another_configuration_is_refused():
    with pytest.raises(ValueError, match="here: no field 'task' in Config"):
        from_json(Config, to_json(TrainConfig("digits")), where="here")
    with pytest.raises(ValueError, match="here: the configuration is not JSON"):
        from_json(Config, "{", where="here")


def test_toml_has_fields_and_sweeps(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('name = "x"\nsizes = [18, 18]\n[sweep]\nrate = [0, 0.5]\n')
    assert read_toml(file) == ({"name": "x", "sizes": (18, 18)}, {"rate": (0, 0.5)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = x", "c.toml: not TOML"),
        ("[sweep]\nrate = 1", r"c.toml: \[sweep\] must be a table of lists"),
        (
            "[sweeps]\nrate = [1]",
            r"c.toml: \[sweeps\]: values to sweep are in the table \[sweep\]; rename it",
        ),
    ],
)
def test_what_is_no_toml_of_a_sweep_is_refused(tmp_path, text, message):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_toml(tmp_path / "c.toml")
    with pytest.raises(ValueError, match=r"none.toml: cannot be read \(No such file"):
        read_toml(tmp_path / "none.toml")
