"""An adaptive network trained on a task that is there already, for studies that test it in their own way."""

from __future__ import annotations

import dataclasses

from ...gradient_bridge import fit
from ...models import network_values
from ..recipes import recipe
from ..testing_networks import unlabelled_option
from ..training import spiking_network, twin_of


def train_alif(config, task, *, checkpoint=None, resume=False, report=print):
    """Train a spiking network by the recipe of its task.

    Parameters
    ----------
    config : TrainConfig
        Of a spiking model.
    task : Task
        That of the configuration, or one made of it.
    checkpoint, resume, report
        As `Study` has it.

    Returns
    -------
    net : brian2.Network
        Trained and synced.
    initial : xarray.Dataset
        `network_values` before the training.
    history : xarray.Dataset
    """
    net = spiking_network(config, task, config.sizes(task.train.sizes["channel"], len(task.classes)))
    initial = network_values(net)
    twin = twin_of(config, net)
    options = config.training(unlabelled=unlabelled_option(task, recipe(config.task).unlabelled_class))
    history = fit(twin, task, checkpoint=checkpoint, resume=resume, **dataclasses.asdict(options))
    twin.sync()
    report(f"trained: best epoch {history.attrs['best_epoch']}")
    return net, initial, history
