"""Source of the functions that put inputs into the exported network."""

from . import exporting_template as template
from .exporting_text import WIDTH, call, comment


def inputs_code(description, example, writer):
    """Return the source of ``set_input`` and of its first call; one function for each of several inputs."""
    targets = [target for target in example.inputs if target.name in example.arrays]
    if len(targets) == 1:
        made = _function(description, writer, targets[0], "set_input")
        return template.ROWS + made + "\n\nset_input(example[chosen])\n"
    names = {target.name: writer.names.free(f"set_{target.name}") for target in targets}
    made = "".join(_function(description, writer, target, names[target.name]) for target in targets)
    calls = [
        f'if "{name}" in example:\n    {function}(example["{name}"][chosen])'
        for name, function in names.items()
    ]
    return template.ROWS + made + "\n\n" + "\n".join(calls) + "\n"


def _function(description, writer, target, name):
    values = "spikes" if target.spikes else "values"
    what = f"spikes (0 or 1) into {target.name}" if target.spikes else f"{target.name}(t, i)"
    said = f"Put in {what}: (trial, time, channel), a row every {writer.step_name} from t = 0."
    lines = [f"{values} = rows({values}, {description.size(target.groups[0])})"]
    lines += _spikes(writer, target) if target.spikes else _current(description, writer, target)
    body = "\n".join(f"    {line}" for line in lines)
    return f'\n\ndef {name}({values}):\n    """{said[: WIDTH - 10]}"""\n{body}\n'


def _spikes(writer, target):
    return [
        "if not np.isin(spikes, (0, 1)).all():",
        '    raise ValueError("expected 0 or 1: at most one spike for each channel and step")',
        "step, neuron = np.nonzero(spikes)",
        f"{writer.names[target.name]}.set_spikes(neuron, step * {writer.step_name}, sorted=True)",
    ]


def _current(description, writer, target):
    timed = next(t for t in description.timed_arrays if t.name == target.name)
    given = f"values.astype(float){writer.unit_factor(timed.array.dimensions)}"
    lines = [call("given = TimedArray", [given, f"dt={writer.step_name}", f'name="{target.name}"'])]
    lines.append(comment("A TimedArray cannot be changed: the groups that read it get another one."))
    for group in target.groups:
        external = next(e.name for e in description.group(group).namespace if e.value == target.name)
        lines.append(f'{writer.names[group]}.namespace["{external}"] = given')
    return lines
