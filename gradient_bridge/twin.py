"""`Twin`: a Brian2 network as a differentiable torch module."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from brian2.core.network import _get_all_objects
from torch import nn

from ..models.annotations import SPIKES, annotations
from ..models.times import whole_steps
from .coordinates import Named, Trained
from .engines import ENGINES, default_engine, make_engine
from .exchange import (
    as_tensors,
    own_value,
    read_untouched,
    read_values,
)
from .flow import carrying
from .parameters import check_coordinates, coordinate_of, find_places
from .passes import Request
from .reading import read
from .recording import recording_of
from .refusals import refuse_mixed_types
from .scores import Scores, readout_trace, reduce_scores
from .stimuli import prepare_initial, prepare_stimulus, spikes_to_keep, traces_to_keep
from .surrogate_choice import choose_surrogates, find_scales
from .synced import Synced
from .twin_options import callers_names, check_functions, check_options, check_times

if TYPE_CHECKING:
    import xarray as xr
    from brian2 import Network, Quantity

    from ..models.annotations import Readout
    from .program import Program
    from .recording import Recording
    from .surrogates import Surrogate

    Stimulus = torch.Tensor | xr.DataArray

# What a copy of a twin shares with it: the network and what was read from it.
SHARED = (
    "network",
    "objects",
    "readout",
    "surrogates",
    "_chosen",
    "_places",
    "_values",
    "_untouched",
    "_cast",
)


@lru_cache
def _whole_steps(step, dt):
    return whole_steps(step, dt, "dt_ref")


class Twin(Synced, nn.Module):
    """A Brian2 network as a torch module: same program, with gradients.

    At the same time step, in float64 on the CPU, the twin and Brian2's numpy target emit the same spikes and hold
    the same state, to the bit. Trained values live in ``twin.trained`` until `sync` writes them to Brian2.

    Parameters
    ----------
    net : brian2.Network
        Made on the runtime device. It is read, not changed.
    trainable : sequence of str
        Patterns ``group.variable`` (``"hidden1.tau_m"``, ``"*.w"``); a bare name means every object that has it.
        Also initial values of state variables and constants in a group's own ``namespace``.
    engine : {"auto", "fused", "compiled", "reference"}, optional
        What runs the program; default: ``CHRONAXIE_ENGINE``, else auto. "fused": C generated from it, forward and
        backward; "compiled": `torch.compile`; "reference": step by step, any network and device, what the others are
        held against; "auto": fused where it runs the program with Brian2's bits, or a gradient is wanted, else
        reference. See `engine` and `note`.
    dtype : torch.dtype, optional
        Default: that of the network, float64 unless Brian2's ``core.default_float_dtype`` says otherwise; equal
        to Brian2 to the bit. float32 for a network in float64 uses dense products: faster, spikes near threshold may
        differ.
    surrogate : Surrogate, str or dict of str to these
        Surrogate derivative, also by group. Default: multi-Gaussian.
    randomness : {"brian2", "torch"}
        "brian2" draws from numpy's global stream, number by number as Brian2's numpy target does: the first trial
        from the stream itself, every other one from a copy of its state at the call. "torch" draws from a seeded
        generator, other numbers in each trial: for training.
    functions : dict of str to callable, optional
        Torch implementations of the user's functions, whose derivatives are used; the values are those of the
        function's NumPy implementation. Functions with a sympy form need none.
    python : bool
        Run network operations as they are: the state goes to Brian2, the user's Python runs, the state comes back.
        Gradients stop there; one trial at a time. Monitors do not run in a twin: code that names one is refused,
        code that reaches one in another way reads old values. Python's own variables stay from pass to pass.
    namespace : dict, optional
        External names for the network; default: the caller's frame, as in ``Network.run``.
    coordinates : dict of str to Identity, Scaled, Log or Bounded
        By ``group.variable`` or bare name; default: `Bounded` for times (0.5 to 10 000 steps), `Scaled` by the root
        mean square of the present values for other quantities with a unit, `Identity` for those without.
    scale : float, brian2.Quantity or dict of str to these
        What the distance from threshold is divided by before the surrogate sees it. Default: 1 for a threshold
        without unit (the papers); otherwise the distance at which a reset leaves the present state.
    detach_reset : bool
        Whether gradients ignore the reset's dependence on the spike. The papers do not detach.
    readout : Readout, optional
        What the decision reads; default: the network's own annotation.

    Attributes
    ----------
    program : Program
        What is run; ``print(twin.program)`` shows one step.
    trained : Named
        ``trained[group][variable]``: the trained quantities.

    Raises
    ------
    UnsupportedModel
        The network uses something that cannot be mirrored; names the object, the feature and a way out.
    UnknownParameter, OutOfBounds
        From ``trainable``.
    """

    def __init__(
        self,
        net: Network,
        *,
        trainable: Sequence[str] = (),
        engine: Literal["auto", "fused", "compiled", "reference"] | None = None,
        dtype: torch.dtype | None = None,
        surrogate: Surrogate | str | Mapping[str, Surrogate | str] | None = None,
        randomness: Literal["brian2", "torch"] = "brian2",
        namespace: Mapping[str, Any] | None = None,
        functions: Mapping[str, Callable[..., torch.Tensor]] | None = None,
        python: bool = False,
        coordinates: Mapping[str, Any] | None = None,
        scale: Quantity | float | Mapping[str, Quantity | float] | None = None,
        detach_reset: bool = False,
        readout: Readout | None = None,
    ) -> None:
        super().__init__()
        engine = engine or default_engine()
        check_options(net, ENGINES, engine, dtype, randomness, readout)
        namespace = callers_names(self) if namespace is None else namespace
        self.network = net
        program = read(net, namespace=namespace, python=python)
        check_functions(program, functions or {})
        self.randomness = randomness
        parts = {o.owner: o.group for o in program.operations if o.group is not None}  # subgroups among them
        self.objects = parts | {o.name: o for o in _get_all_objects(net.objects)}
        self.readout = readout or annotations(net).readout
        self.detach_reset = bool(detach_reset)
        own = {"float32": torch.float32, "float64": torch.float64}[program.dtype.name]
        self.register_buffer("_like", torch.zeros((), dtype=dtype or own), persistent=False)
        self._values = read_values(program)
        self._untouched = read_untouched(program, self.objects)
        if trainable:
            check_times(program, self._values, net)
        self._cast, self._carried = {}, {}
        self._engine = make_engine(engine, program, self._values, self.objects.values(), functions, net)
        self._places = find_places(program, self.objects, trainable, frame=namespace)
        self.trained = Named()
        for place in self._places:
            self._add_trained(place, coordinates or {})
        check_coordinates(self._places, coordinates or {})
        self.surrogates = self._chosen = choose_surrogates(program, surrogate, scale)
        self._find_scales(carrying(program, [p.key for p in self._places]))
        self._agreed = {p: p.read() for p in self._places}

    # -------------------------------------------------------------- construction
    def _add_trained(self, place, coordinates):
        coordinate = coordinate_of(place, coordinates, self.program.dt)
        value = torch.as_tensor(place.read(), dtype=self.dtype)
        group, _, name = place.key.rpartition(".")
        if group not in self.trained:
            self.trained[group] = Named()
        self.trained[group][name] = Trained(value, coordinate, place.key)

    # -------------------------------------------------------------- values
    @property
    def program(self) -> Program:
        """What is run; ``print(twin.program)`` shows one step."""
        return self._engine.program

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type in which the twin computes."""
        return self._like.dtype

    @property
    def device(self) -> torch.device:
        """The device on which the twin computes."""
        return self._like.device

    @property
    def step(self) -> float:
        """Step of stimuli and of class scores (s): dt_ref, or that of the network where it has none."""
        dt_ref = annotations(self.network).dt_ref
        return self.program.dt if dt_ref is None else float(dt_ref)

    @property
    def every(self) -> int:
        """How many steps of the network make one `step`."""
        return _whole_steps(self.step, self.program.dt)

    @property
    def engine(self) -> str:
        """Name of the engine that runs the program; `note` says where a pass did not run in it, and why."""
        return self._engine.name

    @property
    def note(self) -> str:
        """Why the engine is not the fastest one, or why the last pass ran in another one; empty where neither is."""
        return self._engine.note

    def _arrays(self):
        """All arrays as tensors of the twin's type and device (times of events stay float64)."""
        wanted = (self.dtype, self.device)
        if self._cast.get("for") != wanted:
            self._cast = {"for": wanted, "tensors": as_tensors(self._values, *wanted)}
        return dict(self._cast["tensors"])

    def trained_values(self) -> dict[str, torch.Tensor]:
        """Present values of all trained quantities, by ``group.variable``, SI, with their graph."""
        return {p.key: self._trained(p)() for p in self._places}

    def _trained(self, place):
        group, _, name = place.key.rpartition(".")
        return self.trained[group][name]

    # -------------------------------------------------------------- running
    def forward(
        self,
        stimulus: Stimulus | Mapping[str, Stimulus] | None = None,
        *,
        duration: Quantity | float | None = None,
        trials: int | None = None,
        record: Mapping[str, Any] | None = None,
        initial: Mapping[str, Mapping[str, Any]] | None = None,
        spikes: Sequence[str] | None = None,
        seed: int | None = None,
    ) -> Recording:
        """Run the network.

        Parameters
        ----------
        stimulus : torch.Tensor, xarray.DataArray or dict of str to these, shape (trial, time, channel)
            One value per `step`: 0 and 1 for spike inputs, any number for currents. A dict names the input groups
            or timed arrays. Where the network runs in finer steps, spikes come in the first of them and currents
            last, as in `simulate`; the step of a `TimedArray` that is replaced plays no part. Without it the
            network's own inputs run for ``duration``, one trial.
        duration : float or brian2.Quantity, optional
            Seconds; default: the length of the stimulus.
        trials : int, optional
            Default: those of the stimulus, or one.
        record : dict of str to list of str or dict of str to str, optional
            Traces ``{"hidden1": ["v", "a"]}``, read after all that runs in the slot ``start`` of each step of the
            group's clock (Brian2's `StateMonitor` with its default order reads there too), or
            ``{"output": {"v": "before_output_resets"}}`` with the slot at which they are read. Subexpressions have no
            array and no trace: compute them from what they read.
        initial : dict of str to dict of str to array_like, optional
            ``initial[group][variable]``, shape (trial, neuron) or (neuron,), SI: values of state variables at the
            start, as `models.start_states` makes them; default: those of the network.
        spikes : sequence of str, optional
            Groups whose spikes are kept; default: all. With none of them memory does not grow with the duration.
        seed : int, optional
            Of the random numbers with ``randomness="torch"``.

        Returns
        -------
        Recording
        """
        if seed is not None and self.randomness != "torch":
            raise ValueError(
                "seed: with randomness='brian2' the numbers come from numpy's stream: numpy.random.seed(...) before "
                "the call, or Twin(randomness='torch')"
            )
        stimulus, trials, end = prepare_stimulus(self, stimulus, duration, trials)
        wanted = traces_to_keep(self.program, record or {})
        grad = torch.is_grad_enabled()
        modules = {place: self._trained(place) for place in self._places}
        trained = {place: module() if grad else module.held() for place, module in modules.items()}
        given = prepare_initial(self, initial, trials)
        graded = {place.key for place, value in trained.items() if value.requires_grad}
        graded |= {key for key, value in (given | stimulus).items() if value.requires_grad}
        back = bool(graded) and grad
        on_numpy = self._engine.on_numpy(self.dtype, self.device, back)
        if not on_numpy:
            refuse_mixed_types(self.program)
        self._take_delays(trained)
        values, constants = dict(self._values) if on_numpy else self._arrays(), {}
        for place, value in trained.items():
            (constants if place.constant else values)[place.key] = own_value(
                self.program, place.key, value, on_numpy
            )
        values |= {key: own_value(self.program, key, value, on_numpy) for key, value in given.items()}
        carried = frozenset() if on_numpy else self._carrying(frozenset(graded))
        self._find_scales(carried)
        request = Request(
            dtype=self.dtype,
            device=self.device,
            trials=trials,
            end=end,
            stimulus=stimulus,
            record=tuple(wanted),
            surrogates=self.surrogates,
            detach_reset=self.detach_reset,
            every=self.every,
            spikes=spikes_to_keep(self.program, spikes),
            carrying=carried,
            varying=frozenset(given.keys() | {place.key for place in trained}),
            randomness=self.randomness,
            seed=seed,
            numpy=on_numpy,
        )
        found, states, final = self._engine.run(values, constants, request)
        untouched = self._untouched

        def last():
            return {k: v.clone() for k, v in untouched.items()} | (final() if callable(final) else final)

        return recording_of(self.program, found, states, last)

    def _carrying(self, graded):
        """What carries a gradient, given what is trained; found once."""
        if graded not in self._carried:
            self._carried[graded] = carrying(self.program, graded)
        return self._carried[graded]

    def _find_scales(self, carried):
        """Scales of the surrogates that a gradient passes."""
        self.surrogates = find_scales(self.surrogates, self.program, self._engine, self._values, carried)

    def _take_delays(self, trained):
        """Trained delays decide when spikes arrive: in whole steps, as in Brian2."""
        delays = {p.key: v.detach().cpu().double().numpy() for p, v in trained.items() if p.name == "delay"}
        if delays:
            self._engine.set_delays(delays)

    def scores(
        self,
        stimulus: Stimulus | Mapping[str, Stimulus],
        *,
        initial: Mapping[str, Mapping[str, Any]] | None = None,
        with_recording: bool = False,
        spikes: Sequence[str] | None = None,
        seed: int | None = None,
    ) -> torch.Tensor | Any:  # Any: with_recording, a pair
        """Class scores as the network's readout defines them, one for each `step` before they are reduced.

        ``initial``, ``spikes`` (of the recording) and ``seed`` as the twin is called with.

        Returns
        -------
        torch.Tensor, shape (trial, time, class) or (trial, class)
            By ``readout.reduce``. With ``with_recording`` a pair of scores and `Recording`.
        """
        if self.readout is None:
            raise ValueError(
                "the network has no readout: give Twin(net, readout=Readout(group, variable, slot)) "
                "or annotate(net, readout=...)"
            )
        group, variable = self.readout.group, self.readout.variable
        record = {} if variable == SPIKES else {group: {variable: self.readout.slot}}
        if not with_recording and not self._forward_hooks:  # nobody looks at the others
            spikes = [group] if variable == SPIKES else ()
        out = self(stimulus, record=record, initial=initial, spikes=spikes, seed=seed)
        scores = reduce_scores(readout_trace(out, self.readout, self.every), self.readout)
        return (scores, out) if with_recording else scores

    def as_module(self) -> Scores:
        """A module from (trial, time, channel) to class scores, for ``torch.nn.Sequential`` and the like."""
        return Scores(self)

    def __deepcopy__(self, memo):
        """A twin of the same network with trained values of its own (for averaged models and the like)."""
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        own = {"_engine": self._engine.copy(), "_agreed": {p: np.array(v) for p, v in self._agreed.items()}}
        for name, value in self.__dict__.items():
            kept = value if name in SHARED else own.get(name)
            other.__dict__[name] = copy.deepcopy(value, memo) if kept is None else kept
        return other

    def __reduce__(self):
        raise TypeError(
            "a twin holds a Brian2 network: keep twin.state_dict() (torch.save) and chronaxie.save(net)"
        )

    def extra_repr(self) -> str:
        return (
            f"engine={self.engine}, dtype={self.dtype}, dt={self.program.dt * 1e3:g} ms, "
            f"groups={self.program.groups}, inputs={self.program.inputs}"
        )
