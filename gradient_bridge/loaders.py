"""Trials from `torch.utils.data.DataLoader`s: batches of (stimulus, label), checked, of one length, repeatable."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager

import torch
from torch.nn.utils.rnn import pad_sequence

from .losses import IGNORED
from .seeds import LOADING, derived_seed

_EXPECTED = "a batch is (stimulus, label), stimulus (trial, time, channel), label (trial,) or (trial, time)"


def pad_trials(
    trials: Sequence[tuple[torch.Tensor, torch.Tensor | int]],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Collate trials of different lengths: ``DataLoader(dataset, collate_fn=pad_trials)``.

    Parameters
    ----------
    trials : list of (tensor, int or tensor)
        Stimulus (time, channel) or (time, …), whose further dimensions become channels; label of the trial, or of each
        step.

    Returns
    -------
    stimulus : torch.Tensor, shape (trial, time, channel)
        As long as the longest, silent (0) after the end of a trial.
    label : torch.Tensor of int64, shape (trial,) or (trial, time)
        -100, which no loss looks at, after the end.

    Raises
    ------
    ValueError
        A stimulus without time and channels, or labels of another length.
    """
    stimuli = [torch.as_tensor(stimulus) for stimulus, _ in trials]
    labels = [torch.as_tensor(label) for _, label in trials]
    for k, (stimulus, label) in enumerate(zip(stimuli, labels, strict=True)):
        if stimulus.ndim < 2 or label.ndim > 1 or (label.ndim and len(label) != len(stimulus)):
            raise ValueError(
                f"pad_trials: trial {k}: expected a stimulus (time, channel) and one label or (time,), got the shapes "
                f"{tuple(stimulus.shape)} and {tuple(label.shape)}"
            )
    stimulus = pad_sequence([s.flatten(1) for s in stimuli], batch_first=True)
    if labels[0].ndim == 0:
        return stimulus, torch.stack(labels).long()
    return stimulus, pad_sequence([label.long() for label in labels], batch_first=True, padding_value=IGNORED)


class Batch:
    """One batch, as `Split` has all trials.

    Parameters
    ----------
    content : sequence
        What the loader gave.
    where : str
        For messages.
    classes : int or None
        Labels are below; None: not checked.
    skip : int
        Steps at the beginning that the loss leaves out.
    spikes : bool
        Stimuli are spikes, whatever their type: whole numbers are made of floats that are whole.

    Raises
    ------
    ValueError
        Another form than `(stimulus, label)`, labels that are no classes.
    """

    def __init__(self, content, where, *, classes, skip, spikes=False):
        if not isinstance(content, (tuple, list)) or len(content) != 2:
            raise ValueError(f"fit: {where}: got {type(content).__name__}: {_EXPECTED}")
        stimulus, label = (torch.as_tensor(part) for part in content)
        stimulus = stimulus.to_dense() if stimulus.is_sparse else stimulus
        if stimulus.ndim < 3 or label.shape not in (stimulus.shape[:1], stimulus.shape[:2]) or not len(label):
            raise ValueError(
                f"fit: {where}: got the shapes {tuple(stimulus.shape)} and {tuple(label.shape)}: {_EXPECTED}; trials "
                "of different lengths: DataLoader(…, collate_fn=pad_trials)"
            )
        if label.is_floating_point() or label.is_complex() or label.dtype == torch.bool:
            raise ValueError(f"fit: {where}: expected whole numbers as labels, got {label.dtype}")
        if spikes and stimulus.is_floating_point() and bool((stimulus == stimulus.to(torch.uint8)).all()):
            stimulus = stimulus.to(torch.uint8)
        self.stimulus, self.truth = stimulus.flatten(2), label.long().cpu()
        known = self.truth[self.truth != IGNORED]
        if classes is not None and known.numel() and not 0 <= int(known.min()) <= int(known.max()) < classes:
            raise ValueError(
                f"fit: {where}: labels run from {int(known.min())} to {int(known.max())}: expected 0 to {classes - 1}, "
                "or -100 where there is none"
            )
        self.targets = self.truth.clone()
        if label.ndim == 2:
            self.targets[:, :skip] = IGNORED

    def __len__(self):
        return len(self.stimulus)

    def take(self, chosen):
        """Stimuli, labels for the loss and true labels of some trials."""
        return self.stimulus[chosen], self.targets[chosen], self.truth[chosen]


class Loaded:
    """The batches of a loader; the same seed gives the same ones.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
    name : {"train", "valid"}
    skip : int
    spikes : bool
        As `Batch` has it.

    Raises
    ------
    TypeError
        A loader without length.
    ValueError
        One without batches, or whose workers outlive an epoch.
    """

    def __init__(self, loader, name, *, skip, spikes=False):
        self.loader, self.name, self.skip, self.spikes, self.classes = loader, name, skip, spikes, None
        if loader.persistent_workers:
            raise ValueError(
                f"fit: the {name} loader has persistent_workers=True: its workers are seeded once, so that a resumed "
                "training would see other transforms; give persistent_workers=False"
            )
        try:
            self.batches = len(loader)
        except TypeError as error:
            raise TypeError(
                f"fit: the {name} loader has no length, which the schedule of the rates needs: give its dataset __len__"
            ) from error
        if not self.batches:
            raise ValueError(f"fit: the {name} loader has no batch")

    def each(self, seed, epoch):
        """All batches of an epoch.

        What the loader draws (its order, transforms by torch) comes from a stream of its own: torch's global one is
        put aside whenever the loader works.
        """
        stream = _Stream(derived_seed(seed, LOADING, epoch, 0 if self.name == "train" else 1))
        nested = getattr(self.loader.batch_sampler, "sampler", None)
        for obj in (self.loader, self.loader.sampler, self.loader.batch_sampler, nested):
            if isinstance(getattr(obj, "generator", None), torch.Generator):
                obj.generator.manual_seed(stream.seed)
            if hasattr(obj, "set_epoch"):
                obj.set_epoch(epoch)
        with stream.in_place():
            batches = iter(self.loader)
        k = 0
        while True:
            with stream.in_place():
                content = next(batches, None)
            if (content is None) != (k == self.batches):
                many = "fewer" if content is None else "more"
                raise ValueError(
                    f"fit: the {self.name} loader gave {many} batches than its length, {self.batches}: an iterable "
                    "dataset must begin anew in each epoch, and be split between its workers"
                )
            if content is None:
                return
            where = f"batch {k} of the {self.name} loader"
            yield Batch(content, where, classes=self.classes, skip=self.skip, spikes=self.spikes)
            k += 1


class _Stream:
    def __init__(self, seed):
        self.seed = seed
        self.state = torch.Generator().manual_seed(seed).get_state()

    @contextmanager
    def in_place(self):
        """Context in which torch's global stream is this one."""
        kept = torch.get_rng_state()
        torch.set_rng_state(self.state)
        try:
            yield
        finally:
            self.state = torch.get_rng_state()
            torch.set_rng_state(kept)
