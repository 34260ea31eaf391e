"""Training on `DataLoader`s: as on a task, batch by batch as the loaders give them."""

from __future__ import annotations

import torch

from .loaders import Loaded
from .training_task import TaskRun
from .twin import Twin


class LoaderRun(TaskRun):
    """A twin, or any module, trained on the batches of a loader.

    Parameters
    ----------
    model : Twin or torch.nn.Module
    train, valid : torch.utils.data.DataLoader
    options : Training
    """

    def __init__(self, model, train, valid, options):
        if options.class_weights == "balanced" or options.unlabelled != "mask":
            raise ValueError(
                "fit: class_weights='balanced' and unlabelled count the labels of a task beforehand; with a loader "
                "give class_weights as numbers, and -100 as the label of what is not labelled"
            )
        self.loaders = (train, valid)
        super().__init__(model, None, options)

    def _splits(self, model, options, skip):
        program = model.program if isinstance(model, Twin) else None
        spikes = program is not None and bool(set(program.inputs) & set(program.groups))
        train, valid = (
            Loaded(loader, name, skip=skip, spikes=spikes)
            for loader, name in zip(self.loaders, ("train", "valid"), strict=True)
        )
        self.classes = _classes(model, valid)
        train.classes = valid.classes = self.classes
        return train, valid

    def _count(self, options):
        return self.train_set.batches

    def _training_batches(self):
        for batch in self.train_set.each(self.options.seed, self.epoch):
            yield batch, torch.arange(len(batch))

    def _evaluation_batches(self, split):
        for batch in split.each(self.options.seed, 0):
            yield batch, torch.arange(len(batch))

    def identity(self):
        """How many batches the loaders have: what is in them no name tells."""
        return {"loaders": f"{self.train_set.batches} batches, {self.valid_set.batches} of validation"}


def _classes(model, valid):
    """How many class scores a model gives."""
    if isinstance(model, Twin):
        if model.readout is None:
            raise ValueError(
                "fit: the network has no readout: give Twin(net, readout=Readout(group, variable, slot))"
            )
        return len(model.objects[model.readout.group])
    stimulus = next(valid.each(0, 0)).stimulus
    training = model.training
    try:
        with torch.no_grad():
            return model.eval()(stimulus[:1].to(next(model.parameters()))).shape[-1]
    finally:
        model.train(training)
