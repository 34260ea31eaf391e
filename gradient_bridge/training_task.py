"""Training on a task: batches of stimuli with labels, class scores, cross-entropy."""

from __future__ import annotations

import math
from contextlib import nullcontext

import torch

from ..models.annotations import SPIKES
from .averaging import Average
from .distributed import ALONE
from .finer import finer_twin
from .fused.scores import judge as judge_in_c
from .losses import IGNORED, class_weights, judge, total_weight
from .seeds import EVALUATION, INPUTS, SPEEDS, STEPS, TRAINING, SharedSeed, derived_seed
from .splits import Split
from .stretching import speeds, stretched_labels, stretched_stimulus
from .training_run import Run, spikes_and_time
from .training_targets import signature
from .twin import Twin


class TaskRun(Run):
    """A twin, or any module, trained on a task.

    Parameters
    ----------
    model : Twin or torch.nn.Module
    task : object with ``train``, ``valid`` and ``classes``
    options : Training
    processes : Processes
    """

    history_variables = {
        "train_loss": ("mean training loss", "1"),
        "train_accuracy": ("accuracy on labelled training steps, while the epoch ran", "1"),
        "valid_loss": ("validation loss", "1"),
        "valid_accuracy": ("accuracy on labelled validation steps", "1"),
        "batches_left_out": ("training batches that were left out, their gradient not being finite", "1"),
        "firing_rate_epoch": ("mean rate of the spiking neurons on the validation set", "Hz"),
        "learning_rate": ("learning rate of the weights at the end of the epoch", "1"),
        "epoch_seconds": ("wall time of the epoch", "s"),
    }

    def __init__(self, model, task, options, processes=ALONE):
        self.task = task
        is_twin = isinstance(model, Twin)
        skip = options.skip
        if skip is None:
            skip = model.readout.skip if is_twin and model.readout is not None else 0
        if options.rate_penalty and not is_twin:
            raise ValueError("fit: rate_penalty counts the spikes of a Twin; leave it out for another module")
        if options.finer and not is_twin:
            raise ValueError("fit: finer is the step of a Twin; leave it out for another module")
        self.skip = skip
        self.train_set, self.valid_set = self._splits(model, options, skip)
        labels = getattr(self.train_set, "targets", None)
        self.weights = class_weights(options.class_weights, labels, self.classes)
        self.draws = is_twin and bool(model.program.random())
        super().__init__(model, options, self._count(options), processes)
        self.twins = [model, *(finer_twin(model, factor) for factor in options.finer)]
        self.average = None
        if options.average_epochs:
            self.average = Average(model, max(1, round(options.average_epochs * self.batches)))
        if processes.size > 1:
            self._check_split()

    def _splits(self, model, options, skip):
        """Training and validation set; sets the number of classes."""
        self.classes = len(self.task.classes)
        if options.unlabelled != "mask" and options.unlabelled >= self.classes:
            raise ValueError(
                f"fit: unlabelled counted as class {options.unlabelled}, but there are {self.classes} classes"
            )
        dt = model.step if isinstance(model, Twin) else None
        return tuple(
            Split(self.task, name, dt=dt, unlabelled=options.unlabelled, skip=skip)
            for name in ("train", "valid")
        )

    def _count(self, options):
        """Batches in an epoch."""
        return math.ceil(len(self.train_set) / options.batch_size)

    def _training_batches(self):
        """Of each batch of the epoch: the set that it is from, and which of its trials."""
        generator = torch.Generator().manual_seed(self.options.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.train_set), generator=generator)
        for batch in range(self.batches):
            first = batch * self.options.batch_size
            yield self.train_set, order[first : first + self.options.batch_size]

    def _evaluation_batches(self, split):
        """As `_training_batches`, in order."""
        size = self.options.evaluation_batch
        for first in range(0, len(split), size):
            yield split, torch.arange(first, min(first + size, len(split)))

    def _check_split(self):
        """Refuse what is another thing when each process sees its own trials alone."""
        for name, module in self.model.named_modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                raise ValueError(
                    f"fit: {name or 'the model'} ({type(module).__name__}) takes means over the trials that are run "
                    "together: distributed would give others; start one process, or take LayerNorm"
                )

    def _scores(self, stimulus, purpose, batch, trials, share):
        """Class scores, and the recording of a twin."""
        if not self.is_twin:
            return self._scores_of_module(stimulus.to(next(self.model.parameters()))), None
        epoch = self.epoch if purpose == TRAINING else 0
        seed = derived_seed(self.options.seed, purpose, epoch, batch) if self.draws else None
        if self.draws and self.processes.size > 1:
            seed = SharedSeed(seed, share.start, trials)
        counted, readout = purpose != TRAINING or self.options.rate_penalty, self.model.readout
        read = [readout.group] if readout is not None and readout.variable == SPIKES else ()
        spikes = None if counted else read
        return self._twin_of(purpose, batch).scores(stimulus, with_recording=True, spikes=spikes, seed=seed)

    def _twin_of(self, purpose, batch):
        """The twin at the step at which a batch is run."""
        if purpose != TRAINING or len(self.twins) == 1:
            return self.model
        return self.twins[derived_seed(self.options.seed, STEPS, self.epoch, batch) % len(self.twins)]

    def _scores_of_module(self, stimulus):
        if self.processes.size == 1:
            return self.model(stimulus)
        before = _global_streams(stimulus)
        scores = self.model(stimulus)
        if not all(map(torch.equal, before, _global_streams(stimulus))):
            raise ValueError(
                "fit: the model draws random numbers (dropout?) from torch's global stream: distributed would draw "
                "others than one process; start one process, or leave them out"
            )
        return scores

    def _thinned(self, stimulus, batch, trials, share):
        """A stimulus without a random part of its values, the same part for a trial however the batch is split."""
        seed = derived_seed(self.options.seed, INPUTS, self.epoch, batch)
        kept = torch.rand((trials, *stimulus.shape[1:]), generator=torch.Generator().manual_seed(seed))
        return stimulus * (kept[share] >= self.options.input_dropout).to(stimulus.dtype)

    def _penalty(self, recording, twin, trials, share):
        """The mean number of spikes per neuron and step of all trials, times its factor: the share's part."""
        inner = [s for g, s in recording.spikes.items() if g not in self.model.program.inputs]
        finer = twin.every // self.model.every  # a step is one of the model's own
        count = sum(s.numel() for s in inner) // (share * finer) * trials
        return self.options.rate_penalty * sum(s.sum() for s in inner) / count if count else 0.0

    def _objective(self, split, chosen, purpose, batch):
        """This process's part of a batch: its loss, right and counted decisions, the recording of a twin.

        The sums over the processes are those of the whole batch. None, 0, 0, None where it has no trial of it.
        """
        share, stretching = (
            self.processes.share(len(chosen)),
            purpose == TRAINING and self.options.time_stretch,
        )
        own = chosen[share]
        stimulus, targets, truth = split.take(own)
        whole = targets if len(own) == len(chosen) else split.targets[chosen]
        if stretching:
            seed = derived_seed(self.options.seed, SPEEDS, self.epoch, batch)
            speed = speeds(self.options.time_stretch, len(chosen), seed)
            stimulus, whole = (
                stretched_stimulus(stimulus, speed[share]),
                stretched_labels(whole, speed, self.skip),
            )
            targets, truth = whole[share], stretched_labels(truth, speed[share], 0)
        total = total_weight(whole, self.weights)
        if not total:
            raise ValueError(
                f"fit: no labelled step in batch {batch} of epoch {self.epoch}; use larger batches"
            )
        if not len(own):
            return None, 0, 0, None
        if purpose == TRAINING and self.options.input_dropout:
            stimulus = self._thinned(stimulus, batch, len(chosen), share)
        scores, recording = self._scores(stimulus, purpose, batch, len(chosen), share)
        if scores.shape[-1] != self.classes:
            raise ValueError(
                f"fit: the model has {scores.shape[-1]} class scores, expected one for each of {self.classes} classes"
                f"{self._names()}: give the network as many outputs"
            )
        loss, *counts = self._judge(scores, targets, truth, total)
        if recording is not None and self.options.rate_penalty:
            loss = loss + self._penalty(recording, self._twin_of(purpose, batch), len(chosen), len(own))
        return loss, *counts, recording

    def _judge(self, scores, targets, truth, total):
        """As `losses.judge`: in C where the model itself runs in C."""
        in_c = self.is_twin and self.model.engine == "fused" and scores.device.type == "cpu"
        return (judge_in_c if in_c else judge)(
            scores,
            targets.to(scores.device),
            truth.to(scores.device),
            scale=self.options.score_scale,
            weights=None if self.weights is None else self.weights.to(scores),
            total=total,
        )

    def _names(self):
        return f" ({', '.join(map(str, self.task.classes))})" if self.task is not None else ""

    def _train_epoch(self):
        self.model.train()
        self.left_out = 0
        total = right = seen = trials = 0
        for batch, (split, chosen) in enumerate(self._training_batches()):
            part, *counts, _ = self._objective(split, chosen, TRAINING, batch)
            _, loss, correct, count = self.step(part, f"epoch {self.epoch}, batch {batch}", counts)
            total, trials = total + loss * len(chosen), trials + len(chosen)
            right, seen = right + correct, seen + count
        return total / trials, right / max(seen, 1)

    @torch.no_grad()
    def _evaluate(self, split):
        self.model.eval()
        total = right = seen = steps = 0
        spikes = time = 0.0
        for batch, (trials, chosen) in enumerate(self._evaluation_batches(split)):
            kept = int((trials.targets[chosen] != IGNORED).sum())
            if not kept:
                continue
            part, correct, labelled, recording = self._objective(trials, chosen, EVALUATION, batch)
            total, steps = total + (0.0 if part is None else part.item() * kept), steps + kept
            right, seen = right + correct, seen + labelled
            if recording is not None:
                found, over = spikes_and_time(recording, self.model.program.inputs)
                spikes, time = spikes + found, time + over
        total, right, seen, spikes, time = self.processes.sum([total, right, seen, spikes, time])
        if not steps:
            raise ValueError("fit: no step of the validation set counts: all are without label, or skipped")
        return total / steps, right / max(seen, 1), spikes / time if time else math.nan

    def run_epoch(self):
        """All batches once, then the validation set."""
        train_loss, train_accuracy = self._train_epoch()
        with self.average.in_place() if self.average else nullcontext():
            valid_loss, valid_accuracy, rate = self._evaluate(self.valid_set)
            parameters = self.parameters_now()
        values = {
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "valid_loss": valid_loss,
            "valid_accuracy": valid_accuracy,
            "batches_left_out": self.left_out,
            "firing_rate_epoch": rate,
        }
        return values, parameters

    def step(self, part, where, counts=()):
        """As `Run.step`; the average takes the step in."""
        found = super().step(part, where, counts)
        if self.average:
            self.average.update()
        return found

    def _is_left_out(self, loss):
        """Whether a batch of finite loss and parameters has no finite gradient, and the epoch may leave it out."""
        if self.left_out >= self.options.lost_gradients or not math.isfinite(loss):
            return False
        broken, gradients = self._lost()
        left_out = bool(gradients) and not broken
        self.left_out += left_out
        return left_out

    def content(self):
        """What a checkpoint holds."""
        return super().content() | {"average": self.average.content() if self.average else None}

    def restore(self, content, path):
        """Continue from a checkpoint of the same run."""
        super().restore(content, path)
        if self.average:
            self.average.restore(content["average"])

    def identity(self):
        """The task's hash."""
        return {"task": str(getattr(self.task, "hash", ""))}

    def alike(self):
        """What every process must hold, by name."""
        splits = {"training": self.train_set, "validation": self.valid_set}
        data = {f"the {name} set": signature([s.stimulus, s.targets, s.truth]) for name, s in splits.items()}
        return super().alike() | data

    def report(self, values):
        """Loss, validation accuracy, rate."""
        rate = values["firing_rate_epoch"]
        activity = {"rate": f"{rate:.1f} Hz"} if math.isfinite(rate) else {}
        left_out = {"left out": f"{values['batches_left_out']}"} if values["batches_left_out"] else {}
        return {
            "loss": f"{values['train_loss']:.3f}",
            "valid": f"{values['valid_accuracy']:.3f}",
            **activity,
            **left_out,
        }


def _global_streams(tensor):
    """The state of torch's global generators: the CPU's, and that of a tensor's CUDA device."""
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(tensor.device)] if tensor.is_cuda else states
