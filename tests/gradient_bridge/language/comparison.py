"""A twin held against Brian2's numpy target: every spike of every group and every variable, to the bit."""

from __future__ import annotations

import numpy as np
import torch

from chronaxie.gradient_bridge import Twin

from .brian2_runs import brian2_settings
from .cases import NAN, QUIET


def same(ours, theirs):
    """Where two arrays hold the same bits; not a number is equal to itself."""
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    equal = (ours == theirs) & (np.signbit(ours) == np.signbit(theirs))
    return equal | (np.isnan(ours) & np.isnan(theirs))


def differences(recording, reference, run, *, trial=0):
    """Number of elements in which one trial of a twin differs from Brian2, by name; empty where none does."""
    wrong = {}

    def note(name, ours, theirs):
        theirs = np.asarray(theirs)
        ours = np.asarray(ours).reshape(-1) if theirs.ndim == 1 else np.asarray(ours)
        if ours.shape == (len(theirs), 1):
            # Brian2's trace repeats a shared value for each element
            ours = np.broadcast_to(ours, theirs.shape)
        if ours.shape != theirs.shape:
            wrong[name] = f"shape {ours.shape}, Brian2 has {theirs.shape}"
        elif count := int((~same(ours, theirs)).sum()):
            wrong[name] = count

    for name, (step, neuron) in run.spikes.items():
        if name not in recording.spikes:
            wrong[f"spikes of {name}"] = "missing"
            continue
        ours = recording.spikes[name].detach()[trial]
        if tuple(ours.shape) != (run.steps[name], reference.sizes[name]):
            wrong[f"spikes of {name}"] = f"shape {tuple(ours.shape)}, Brian2 has {run.steps[name]} steps"
            continue
        fired = np.flatnonzero(ours.numpy())
        count = len(np.setxor1d(fired, step * reference.sizes[name] + neuron))
        if count:
            wrong[f"spikes of {name}"] = count
    arrays = reference.arrays()
    for owner, names in run.final.items():
        for name, theirs in names.items():
            ours = recording.final.get(owner, {}).get(name)
            if ours is not None:
                ours = ours.detach()
                note(f"{owner}.{name} at the end", ours[trial] if ours.ndim == 2 else ours, theirs)
            elif not (arrays[owner][name].read_only and same(theirs, run.start[owner][name]).all()):
                wrong[f"{owner}.{name} at the end"] = "missing"
    for owner, names in run.traces.items():
        for name, theirs in names.items():
            ours = recording.states.get(owner, {}).get(name)
            if ours is not None:
                note(f"{owner}.{name}", ours.detach()[trial], theirs)
            elif not (same(theirs, theirs[:1]).all()):
                wrong[f"{owner}.{name}"] = "no trace, although it changes"
    return wrong


def same_stream(one, other):
    """Whether two states of numpy's stream of random numbers are the same."""
    return one[0] == other[0] and np.array_equal(one[1], other[1]) and one[2:] == other[2:]


def check_not_trivial(reference):
    """A comparison means something where cells fire (or values move) and no spike is lost in the sums."""
    case = reference.case
    fired = sum(len(step) for run in reference.runs for step, _ in run.spikes.values())
    if case.minimum:
        assert fired >= case.minimum, f"{case.name}: {fired} spikes, the network proves nothing"
    else:
        assert QUIET in case.tags
    first, last = reference.runs[0].start, reference.runs[-1].final
    moved = [o for o, vs in last.items() for n, v in vs.items() if not same(v, first[o][n]).all()]
    assert moved, f"{case.name}: nothing changes in {sum(case.runs)} s"


def compare_plain(reference, make=Twin, **options):
    """Without gradients, run after run, the state taken over by `pull`; returns the number of neuron-steps."""
    with brian2_settings(reference.case), torch.no_grad():
        reference.go_to(0)
        twin = reference.twin(make, **options)
        for number, run in enumerate(reference.runs):
            reference.go_to(number)
            if number:
                twin.pull()
            recording = twin(duration=run.duration, record=run.traces and reference.recorded(twin.program))
            after = np.random.get_state()  # noqa: NPY002
            wrong = differences(recording, reference, run)
            assert not wrong, f"{reference.case.name}, run {number}, elements that differ: {wrong}"
            assert same_stream(after, run.after), (
                f"{reference.case.name}, run {number}: the twin drew other random numbers than Brian2"
            )
    return sum(map(reference.neuron_steps, reference.runs))


def compare_anew(reference, make=Twin, **options):
    """A new twin of the network where its last run begins: all state and spikes under way are taken over."""
    last = len(reference.runs) - 1
    run = reference.runs[last]
    with brian2_settings(reference.case), torch.no_grad():
        reference.go_to(last)
        twin = reference.twin(make, **options)
        reference.go_to(last)
        recording = twin(duration=run.duration, record=run.traces and reference.recorded(twin.program))
        wrong = differences(recording, reference, run)
    assert not wrong, f"{reference.case.name}, a network that has run, elements that differ: {wrong}"
    return reference.neuron_steps(run)


def compare_with_gradients(reference, make=Twin, **options):
    """The first run in the form that carries gradients; then a loss of everything is differentiated."""
    case, run = reference.case, reference.runs[0]
    with brian2_settings(case):
        reference.go_to(0)
        twin = reference.twin(make, trainable=case.trainable, **options)
        reference.go_to(0)
        recording = twin(duration=run.duration, record=run.traces and reference.recorded(twin.program))
        wrong = differences(recording, reference, run)
        assert not wrong, f"{case.name}, with gradients, elements that differ: {wrong}"
        check_gradients(twin, recording, case)
    return reference.neuron_steps(run)


def compare_trials(reference, make=Twin, *, graded, trials=3, **options):
    """Several trials from states of their own, with gradients or without; each is a run of Brian2."""
    case, first = reference.case, reference.runs[0]
    with brian2_settings(case):
        reference.go_to(0)
        twin = reference.twin(make, trainable=case.trainable, **options)
        changing = twin.program.written() - set(twin.trained_values())
        initial, runs = reference.apart(frozenset(changing), trials)
        assert initial, f"{case.name}: no state that the trials could begin apart with"
        reference.go_to(0)
        with torch.set_grad_enabled(graded):
            recording = twin(
                duration=first.duration,
                trials=trials,
                initial=initial,
                record=first.traces and reference.recorded(twin.program),
            )
        for trial, run in enumerate(runs):
            wrong = differences(recording, reference, run, trial=trial)
            assert not wrong, f"{case.name}, trial {trial}, elements that differ: {wrong}"
        if graded:
            check_gradients(twin, recording, case)
    return trials * reference.neuron_steps(first)


def check_gradients(twin, recording, case):
    """Every gradient of a loss of all spikes and final values is finite, and not all of them are zero."""
    loss, rng = 0.0, np.random.default_rng(0)
    parts = [*recording.spikes.values(), *(v for vs in recording.final.values() for v in vs.values())]
    for part in parts:
        if part.requires_grad and part.numel():
            weights = torch.from_numpy(rng.uniform(0.5, 1.5, tuple(part.shape))).to(part.dtype)
            loss = loss + (torch.where(torch.isfinite(part), part, 0) * weights).sum()
    assert isinstance(loss, torch.Tensor), f"{case.name}: no spike and no value carries a gradient"
    loss.backward()
    grads = {name: p.grad for name, p in twin.named_parameters()}
    assert grads, f"{case.name}: nothing is trained"
    missing = [name for name, grad in grads.items() if grad is None]
    assert not missing, f"{case.name}: no gradient at all for {missing}"
    broken = [name for name, grad in grads.items() if not torch.isfinite(grad).all()]
    assert not broken or NAN in case.tags, f"{case.name}: gradients that are not finite: {broken}"
    assert any((grad != 0).any() for grad in grads.values()), f"{case.name}: every gradient is zero"
