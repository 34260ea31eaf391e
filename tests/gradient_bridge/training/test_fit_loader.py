"""`fit` on DataLoaders: as on a task, repeatable, trials of different lengths."""

import numpy as np
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    TensorDataset,
)

from chronaxie.gradient_bridge import fit, pad_trials

from ..tiny import student, task

QUICK = {"epochs": 3, "score_scale": 10.0, "progress": False, "schedule": "constant"}


def tensors(name, **options):
    ds = getattr(task(**options), name)
    return torch.from_numpy(ds.stimulus.values), torch.from_numpy(ds.label.values)


def loaders(batch_size=8, **options):
    train = DataLoader(TensorDataset(*tensors("train")), batch_size=batch_size, **options)
    return train, DataLoader(TensorDataset(*tensors("valid")), batch_size=16)


class Words(Dataset):
    """Trials of different lengths as event data sets give them: frames (time, polarity, channel), one label each."""

    def __init__(self, n, *, per_step=False):
        self.n, self.per_step = n, per_step

    def __len__(self):
        return self.n

    def __getitem__(self, k):
        if k >= self.n:
            raise IndexError(k)
        rng = np.random.default_rng(k)
        frames = (rng.random((10 + k % 5, 1, 2)) < np.where(np.arange(2) == k % 2, 0.5, 0.05)).astype(
            np.float32
        )
        return frames, (np.full(len(frames), k % 2) if self.per_step else k % 2)


def test_the_batches_of_a_task_from_a_loader_give_the_same_training_to_the_bit():
    options = QUICK | {"epochs": 1}
    expected = fit(student(), task(), batch_size=8, **options)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0)).tolist()
    train = DataLoader(TensorDataset(*tensors("train")), batch_sampler=[order[:8], order[8:]])
    found = fit(student(), train, valid=loaders()[1], **options)
    for name in ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "firing_rate_epoch"):
        assert found[name].values.tolist() == expected[name].values.tolist(), name


def test_a_shuffled_loader_is_repeated_by_the_seed_and_by_a_checkpoint(tmp_path):
    histories, streams = [], []
    for seed in (0, 0, 1):
        torch.manual_seed(99)
        histories.append(fit(student(), loaders(shuffle=True)[0], valid=loaders()[1], seed=seed, **QUICK))
        streams.append(torch.rand(1).item())
    one, again, other = (h.train_loss.values.tolist() for h in histories)
    assert one == again != other
    assert len(set(streams)) == 1  # torch's global stream is left alone
    path = tmp_path / "run.pt"

    class Stopped(Exception):
        """In place of Ctrl-C."""

    class Breaks(Words):
        def __getitem__(self, k):
            seen.append(k)
            if len(seen) > 20:
                raise Stopped
            return tensors("train")[0][k], tensors("train")[1][k]

    seen = []
    with pytest.raises(Stopped):
        fit(student(), DataLoader(Breaks(16), 8, shuffle=True), valid=loaders()[1], checkpoint=path, **QUICK)
    resumed = fit(
        student(), loaders(shuffle=True)[0], valid=loaders()[1], checkpoint=path, resume=True, **QUICK
    )
    assert resumed.train_loss.values.tolist() == one


def test_a_generator_of_the_loader_is_seeded_by_fit():
    given = [loaders(shuffle=True, generator=torch.Generator().manual_seed(k))[0] for k in (1, 2)]
    one, other = (fit(student(), loader, valid=loaders()[1], **QUICK).train_loss.values for loader in given)
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize("per_step", [False, True])
def test_trials_of_different_lengths_are_padded(per_step):
    data = Words(6, per_step=per_step)
    stimulus, label = pad_trials([data[k] for k in range(6)])
    assert stimulus.shape == (6, 14, 2)
    assert not stimulus[0, 10:].any()
    if per_step:
        assert label[0].tolist() == [0] * 10 + [-100] * 4
        assert label[4].tolist() == [0] * 14
    else:
        assert label.tolist() == [0, 1, 0, 1, 0, 1]
    options = {} if per_step else {"readout_reduce": "mean"}
    model = student(**options, readout_skip=2)
    collated = {"collate_fn": pad_trials, "batch_size": 8}
    history = fit(
        model,
        DataLoader(Words(16, per_step=per_step), **collated),
        valid=DataLoader(data, **collated),
        **QUICK,
    )
    assert history.train_loss.values[-1] < history.train_loss.values[0]


def test_a_module_of_ones_own_learns_from_loaders_too():
    class Rates(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.out = torch.nn.Linear(2, 2)

        def forward(self, x):
            return self.out(x)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Rates()
    history = fit(model, loaders()[0], valid=loaders()[1], learning_rate=0.1, **QUICK | {"epochs": 10})
    assert history.valid_loss.values[-1] < history.valid_loss.values[0]
    inside = torch.nn.Sequential(student().as_module(), torch.nn.Linear(2, 2, dtype=torch.float64))
    history = fit(inside, loaders()[0], valid=loaders()[1], **QUICK)
    assert np.isfinite(history.valid_loss.values).all()


class Endless(IterableDataset):
    def __iter__(self):
        yield from zip(*tensors("train"), strict=True)


@pytest.mark.parametrize(
    ("train", "options", "error", "message"),
    [
        (lambda: loaders()[0], {"valid": None}, TypeError, "valid: expected a second DataLoader"),
        (lambda: loaders()[0], {"batch_size": 4}, TypeError, "batch_size: a DataLoader has its own"),
        (lambda: loaders()[0], {"class_weights": "balanced"}, ValueError, "give class_weights as numbers"),
        (lambda: DataLoader(Endless(), 4), {}, TypeError, "the train loader has no length"),
        (lambda: DataLoader(TensorDataset(tensors("train")[0]), 4), {}, ValueError, "a batch is .stimulus, label."),
        (lambda: DataLoader(TensorDataset(tensors("train")[0], torch.full((16,), 7)), 4), {}, ValueError,
         "batch 0 of the train loader: labels run from 7 to 7: expected 0 to 1"),
        (lambda: DataLoader(TensorDataset(tensors("train")[0], torch.rand(16)), 4), {}, ValueError, "whole numbers"),
        (lambda: DataLoader(TensorDataset(torch.rand(16, 4), torch.zeros(16).long()), 4), {}, ValueError, "pad_trials"),
    ],
)  # fmt: skip
def test_what_a_loader_must_give_is_said(train, options, error, message):
    with pytest.raises(error, match=message):
        fit(student(), train(), **QUICK | {"valid": loaders()[1]} | options)


def test_valid_goes_with_a_loader_and_trials_need_time():
    with pytest.raises(TypeError, match="valid goes with a DataLoader"):
        fit(student(), task(), valid=loaders()[1], **QUICK)
    with pytest.raises(ValueError, match="pad_trials: trial 1: expected a stimulus"):
        pad_trials([(np.ones((3, 2)), 0), (np.ones(3), 1)])


def test_a_sampler_within_a_batch_sampler_is_seeded_too():
    generator = torch.Generator()

    def once():
        data = TensorDataset(*tensors("train"))
        batches = BatchSampler(RandomSampler(data, generator=generator), 8, drop_last=False)
        return fit(student(), DataLoader(data, batch_sampler=batches), valid=loaders()[1], **QUICK)

    assert once().train_loss.values.tolist() == once().train_loss.values.tolist()


def test_spikes_as_floats_are_stretched_as_spikes():
    stimulus, label = tensors("train")
    found = [
        fit(
            student(),
            DataLoader(TensorDataset(stimulus.to(dtype), label), batch_size=8),
            valid=loaders()[1],
            time_stretch=0.3,
            **QUICK,
        ).train_loss.values.tolist()
        for dtype in (torch.uint8, torch.float32)
    ]
    assert found[0] == found[1]


class Counted(IterableDataset):
    """As many trials as it has not said."""

    def __init__(self, gives, says):
        self.gives, self.says = gives, says

    def __len__(self):
        return self.says

    def __iter__(self):
        stimulus, label = tensors("train")
        return iter([(stimulus[k % 16], label[k % 16]) for k in range(self.gives)])


@pytest.mark.parametrize(("gives", "many"), [(8, "fewer"), (24, "more"), (0, "fewer")])
@pytest.mark.filterwarnings("ignore:Length of IterableDataset")
def test_a_loader_that_gives_other_than_its_length(gives, many):
    train = DataLoader(Counted(gives, 16), batch_size=8)
    with pytest.raises(ValueError, match=f"the train loader gave {many} batches than its length, 2"):
        fit(student(), train, valid=loaders()[1], **QUICK)


def test_workers_that_outlive_an_epoch_and_a_validation_without_labels():
    train, valid = loaders(num_workers=1, persistent_workers=True)
    with pytest.raises(ValueError, match="train loader has persistent_workers=True"):
        fit(student(), train, valid=valid, **QUICK)
    stimulus, label = tensors("valid")
    blank = DataLoader(TensorDataset(stimulus, torch.full_like(label.long(), -100)), batch_size=16)
    with pytest.raises(ValueError, match="no step of the validation set counts"):
        fit(student(), loaders()[0], valid=blank, **QUICK)
