"""Training in several processes: which process this is, its share of the trials, sums over all processes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import threading
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import torch
from torch import distributed

# What torchrun sets. A process that hangs is given up after the time-out; one that has ended is noticed at once.
VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
TIMEOUT = timedelta(minutes=10)
HOW = "torchrun --nproc-per-node 2 script.py, or torchrun --nproc-per-node 2 -m chronaxie train TASK"

_CONNECTIONS = itertools.count()  # of this process, so that they have names of their own


class ProcessLost(RuntimeError):
    """Another process of a training has ended, or does not answer."""


def launched():
    """This process's number and how many there are, (0, 1) where it was started alone.

    As the default process group of torch says, else as torchrun does in the environment.
    """
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    if all(name in os.environ for name in VARIABLES):
        return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    return 0, 1


def choose_processes(wanted):
    """The processes between which a training is split.

    Parameters
    ----------
    wanted : bool or None
        True: between all that were started; False: this process trains alone; None: alone, and there are no others.

    Returns
    -------
    Processes

    Raises
    ------
    ValueError
        None in one of several processes, or True in a process that was started alone.
    """
    if wanted not in (None, True, False):
        raise ValueError(f"fit: distributed: expected True, False or None, got {wanted!r}")
    rank, size = launched()
    if wanted is None and size > 1:
        raise ValueError(
            f"fit: this is process {rank} of {size}, and each would train the whole and write the same files: "
            "distributed=True splits the trials between them; distributed=False lets each train on its own"
        )
    if not wanted:
        return ALONE
    if not distributed.is_available():
        raise ValueError("fit: distributed: this build of PyTorch has no torch.distributed")
    if not distributed.is_initialized() and not all(name in os.environ for name in VARIABLES):
        raise ValueError(f"fit: distributed=True in a process that was started alone; start it with {HOW}")
    return Processes(rank, size)


class Processes:
    """The processes that train together; one that is alone sums and compares nothing.

    Parameters
    ----------
    rank : int
        Number of this process.
    size : int
        How many there are.
    """

    def __init__(self, rank=0, size=1):
        self.rank, self.size = rank, size
        self.group = None
        self.device = torch.device("cpu")  # where gradients are summed

    @property
    def is_first(self):
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    @property
    def words(self):
        """This process, for messages."""
        return f"process {self.rank} of {self.size}"

    def share(self, count):
        """Which of ``count`` trials are this process's: a slice, empty where there are fewer trials than processes."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    # -------------------------------------------------------------- being connected
    @contextmanager
    def connected(self, device):
        """Context in which the processes reach each other.

        A process group of torch that is there already is used with its own ends; else one is made and ended here.

        Parameters
        ----------
        device : torch.device
            Of the model. Gradients are summed by nccl where each process has a CUDA device of its own, else by gloo.
        """
        if self.size == 1:
            yield
            return
        made = not distributed.is_initialized()
        cuda = torch.cuda.is_available() and distributed.is_nccl_available()
        backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
        try:
            with self._reported("the others did not come"):
                if made:
                    store, rank, size = next(iter(distributed.rendezvous("env://", timeout=TIMEOUT)))
                    # torch would look for the addresses of an earlier training, under the same names.
                    store = distributed.PrefixStore(f"chronaxie {next(_CONNECTIONS)}", store)
                    distributed.init_process_group(
                        backend, store=store, rank=rank, world_size=size, timeout=TIMEOUT
                    )
                else:
                    self.group = distributed.new_group(backend=backend, timeout=TIMEOUT)
            with _ends_by_an_error(self):
                self._choose_device(device)
                yield
                self.sum([0.0])  # nobody leaves while another one still waits
        finally:
            if made and distributed.is_initialized():
                distributed.destroy_process_group()
            elif self.group is not None:
                distributed.destroy_process_group(self.group)
            self.group = None

    def _choose_device(self, device):
        device = torch.device(device)
        index = device.index if device.type == "cuda" else None
        found = self.gather(
            f"{device.type} {socket.gethostname()} {index} {os.environ.get('CUDA_VISIBLE_DEVICES')}"
        )
        kinds = {text.split()[0] for text in found}
        if len(kinds) > 1:
            raise ValueError(
                f"fit: the processes have their models on {', '.join(sorted(kinds))}: take one kind"
            )
        own = kinds == {"cuda"} and len(set(found)) == self.size and distributed.is_nccl_available()
        self.device = device if own else torch.device("cpu")

    @contextmanager
    def _reported(self, what="no answer from the others"):
        """Turn torch's error about the other processes into ours."""
        try:
            yield
        except RuntimeError as error:
            if isinstance(error, ProcessLost):
                raise
            raise ProcessLost(
                f"{self.words}: {what} ({_first_line(error)}): one of them has ended, or hangs"
            ) from error

    # -------------------------------------------------------------- sums
    def _add(self, values):
        with self._reported():
            distributed.all_reduce(values, group=self.group)
            return values.cpu()

    def sum(self, numbers):
        """Sums over the processes, as float64.

        Parameters
        ----------
        numbers : sequence of float

        Returns
        -------
        list of float
        """
        if self.size == 1:
            return list(numbers)
        return self._add(torch.tensor(numbers, dtype=torch.float64)).tolist()

    def sum_gradients(self, parameters, numbers):
        """Replace every gradient by its sum over the processes, in float64; sum further numbers with them.

        A gradient is absent where it is absent in every process.

        Parameters
        ----------
        parameters : iterable of torch.nn.Parameter
        numbers : sequence of float

        Returns
        -------
        list of float
            The sums of the numbers.
        """
        if self.size == 1:
            return list(numbers)
        parameters = list(parameters)
        parts = [
            torch.zeros(p.numel(), dtype=torch.float64)
            if p.grad is None
            else p.grad.detach().reshape(-1).to(self.device).double()
            for p in parameters
        ]
        parts += [torch.tensor([p.grad is not None for p in parameters])]
        parts.append(torch.tensor(numbers, dtype=torch.float64))
        sums = self._add(torch.cat([part.to(self.device, torch.float64) for part in parts]))
        *gradients, present, numbers = sums.split([part.numel() for part in parts])
        for p, gradient, count in zip(parameters, gradients, present, strict=True):
            p.grad = gradient.reshape(p.shape).to(p) if count else None
        return numbers.tolist()

    # -------------------------------------------------------------- agreement
    def gather(self, text):
        """The texts of all processes, in their order."""
        own = torch.from_numpy(np.frombuffer(text.encode(), dtype=np.uint8).copy())
        with self._reported():
            lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
            distributed.all_gather(lengths, torch.tensor([len(own)]), group=self.group)
            longest = max(map(int, lengths))
            rows = [torch.zeros(longest, dtype=torch.uint8) for _ in range(self.size)]
            padded = torch.cat([own, torch.zeros(longest - len(own), dtype=torch.uint8)])
            distributed.all_gather(rows, padded, group=self.group)
        return [row[: int(n)].numpy().tobytes().decode() for row, n in zip(rows, lengths, strict=True)]

    def refuse_differences(self, found, advice):
        """Refuse to go on where the processes do not hold the same.

        Parameters
        ----------
        found : dict of str to str
            A text for each thing that must be the same.
        advice : str
            What to do.

        Raises
        ------
        ValueError
            In every process: which thing is another one in which process.
        """
        if self.size == 1:
            return
        first, *others = map(json.loads, self.gather(json.dumps(found)))
        for rank, other in enumerate(others, start=1):
            different = sorted(name for name in first | other if first.get(name) != other.get(name))
            if different:
                raise ValueError(
                    f"fit: process {rank} has other values than process 0: {', '.join(different[:5])}"
                    f"{', …' * (len(different) > 5)}; {advice}"
                )


ALONE = Processes()


@contextmanager
def _ends_by_an_error(processes):
    """Context in which SIGTERM, by which torchrun ends the processes that are left, raises `ProcessLost`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_):
        raise ProcessLost(
            f"{processes.words}: told to end (SIGTERM), as torchrun does when another one has ended"
        )

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _first_line(error):
    return str(error).strip().split("\n")[0][:200]
