"""What an exported script is run with: inputs of some trials, their starts, the number of trials, the duration."""

import re
from dataclasses import dataclass, field, replace

import numpy as np

from .description import Array, PoissonGroupDescription
from .errors import UnsupportedModel
from .exporting_text import rounded
from .jitter import jittered
from .starts import start_states
from .stimuli import Input, check_stimulus, inputs, named, reference_step, stimulus_trials, with_generators
from .tiling import statements, tile
from .times import seconds, whole_steps

SECOND = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
MADE_STEPS, MADE_TRIALS, MADE_PROBABILITY = 250, 3, 0.1
LARGE = 1_000_000  # synapses; of a larger network one trial is made up
_RANDOM = re.compile(r"\bxi(_\w+)?\b|\b(rand|randn|poisson|binomial\w*)\s*\(")


@dataclass(frozen=True, eq=False)
class Example:
    """What a script is run with.

    Parameters
    ----------
    arrays : dict of str to ndarray, shape (trial, time, channel)
        By input: uint8 for spikes, float64 for others. Empty where the network's own inputs are kept.
    inputs : tuple of Input
        All that can be replaced.
    starts : dict of str to dict of str to ndarray, shape (trial, neuron)
        As `start_states`.
    trials : int
    duration : float
        Seconds.
    side_by_side : bool
        Whether trials can run as copies in one network.
    random : bool
        Whether the network draws random numbers.
    about : str
        A sentence on where the inputs come from.
    """

    arrays: dict
    inputs: tuple[Input, ...]
    starts: dict = field(default_factory=dict)
    trials: int = 1
    duration: float = 1.0
    side_by_side: bool = True
    random: bool = False
    about: str = ""


def example_of(description, stimulus=None, *, initial=None, trials=None, duration=None, about=None):
    """Make the `Example` of a network.

    Parameters
    ----------
    description : NetworkDescription
        Of one trial.
    stimulus, initial, trials, duration
        As in `simulate`. Without a stimulus, inputs of the network that are empty get random ones.
    about : str, optional
        Where the stimulus comes from.

    Returns
    -------
    NetworkDescription, Example
        The description with a start that is the same for all trials put in.
    """
    description = with_generators(description, stimulus)
    known = tuple(inputs(description))
    if stimulus is not None:
        count = stimulus_trials(description, stimulus)
        if trials is not None and trials != count:
            raise ValueError(f"export: trials = {trials}, but the stimulus has {count}; leave trials out")
        arrays = _checked(description, known, named(description, stimulus))
        about = about or "the stimulus that was exported with it"
    else:
        large = sum(len(s.pre) for s in description.synapses) > LARGE
        count = trials if trials is not None else 1 if large else MADE_TRIALS
        arrays = {k: _jittered(description, k, v) for k, v in _made(description, known, count).items()}
        about = f"made up, {MADE_STEPS} steps of random numbers" if arrays else ""
        count = count if arrays or trials is not None else 1
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"export: trials must be a whole number >= 1, got {trials!r}")
    initial = description.annotations.initial if initial is None else initial
    starts = start_states(description, initial, int(count))
    description, starts = _same_starts(description, starts)
    steps = max((a.shape[1] for a in arrays.values()), default=0)
    length = steps * reference_step(description) or 1.0
    if duration is not None:
        length = seconds(duration, "duration")
    return description, Example(
        arrays=arrays,
        inputs=known,
        starts=starts,
        trials=int(count),
        duration=length,
        side_by_side=_can_tile(description),
        random=_is_random(description),
        about=about,
    )


def _checked(description, known, stimulus):
    arrays, trials = {}, {}
    for target in known:
        if target.name in stimulus:
            data = check_stimulus(
                target.name,
                stimulus[target.name],
                channels=description.size(target.groups[0]),
                dt=reference_step(description),
                spikes=target.spikes,
            )
            arrays[target.name] = np.asarray(data.values, dtype=np.uint8 if target.spikes else np.float64)
            trials[target.name] = data["trial"].values if "trial" in data.coords else None
    return {name: _jittered(description, name, values, trials[name]) for name, values in arrays.items()}


def _jittered(description, name, values, names=None):
    """The spikes of a stimulus (trial, time, channel), moved as the annotations say."""
    jitters = [j for j in description.annotations.jitter if j.group == name]
    if not jitters:
        return values
    group = description.group(name)
    dt = description.dt if group.dt is None else group.dt
    if whole_steps(reference_step(description), dt, "the step of the stimulus") > 1:
        raise UnsupportedModel(
            name,
            "jitter within the steps of its stimulus",
            "export without it, and jitter the stimulus itself",
        )
    trials, steps, channels = values.shape
    step, index = np.nonzero(values.transpose(1, 0, 2).reshape(steps, -1))
    for jitter in jitters:
        index, step = jittered(jitter, index, step, channels=channels, dt=dt, length=steps, trials=names)
    moved = np.zeros((steps, trials * channels), dtype=np.uint8)
    moved[step, index] = 1
    return np.ascontiguousarray(moved.reshape(steps, trials, channels).transpose(1, 0, 2))


def _made(description, known, trials):
    """Random inputs in place of those that are empty: no spikes, or zero at all times."""
    rng = np.random.default_rng(0)
    timed = {t.name: t.array.values for t in description.timed_arrays}
    arrays = {}
    for target in known:
        shape = (trials, MADE_STEPS, description.size(target.groups[0]))
        if target.spikes and not len(description.group(target.name).indices):
            arrays[target.name] = (rng.random(shape) < MADE_PROBABILITY).astype(np.uint8)
        elif not target.spikes and not timed[target.name].any():
            arrays[target.name] = rng.random(shape)
    return arrays


def _same_starts(description, starts):
    """Put starts that all trials share into the description; return it and the others."""
    rest = {}
    for group, variables in starts.items():
        g = description.group(group)
        for name, values in variables.items():
            if (values == values[0]).all() and not (np.signbit(values) != np.signbit(values[0])).any():
                own = tuple(
                    replace(v, array=Array(values[0], v.array.dimensions)) if v.name == name else v
                    for v in g.variables
                )
                g = replace(g, variables=own)
            else:
                rest.setdefault(group, {})[name] = values
        description = description.replace_group(g)
    return description, rest


def _can_tile(description):
    try:
        tile(description, 2)
    except UnsupportedModel:
        return False
    return True


def _is_random(description):
    if description.poisson_inputs or any(isinstance(g, PoissonGroupDescription) for g in description.groups):
        return True
    return any(_RANDOM.search(code) for _, codes, _ in statements(description) for code in codes)


def short(example):
    """Return a few words on what a script runs by default."""
    length = rounded(example.duration, SECOND)
    trials = "1 trial" if example.trials == 1 or not example.side_by_side else f"{example.trials} trials"
    return f"{trials} of {length}"
