"""Several processes with the environment that torchrun gives them: forked, so that nothing is imported again."""

import multiprocessing
import os
import socket
import time

import torch

from chronaxie.gradient_bridge import fit

DEADLINE = 60  # seconds until processes count as hanging
COMPARED = (
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "firing_rate_epoch",
    "learning_rate",
)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def in_processes(function, folder, size=2):
    """Run ``function(rank)`` in so many processes.

    Returns
    -------
    list of dict
        What each returned (tensors and plain values), or ``{"error": its type, "message": its text}``; `None` where a
        process left nothing.
    """
    port = free_port()
    context = multiprocessing.get_context("fork")
    began = time.monotonic()
    processes = [context.Process(target=_run, args=(function, folder, k, size, port)) for k in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(max(0.1, DEADLINE - (time.monotonic() - began)))
    hanging = [k for k, process in enumerate(processes) if process.is_alive()]
    for process in processes:
        process.kill()
        process.join()
    assert not hanging, f"processes {hanging} did not end within {DEADLINE} s"
    paths = [folder / f"process{k}.pt" for k in range(size)]
    found = [torch.load(path, weights_only=True) if path.exists() else None for path in paths]
    for path in paths:
        path.unlink(missing_ok=True)
    return found


def _run(function, folder, rank, size, port):
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.set_num_threads(
        1
    )  # the other threads of OpenMP did not come with the fork: waiting for them never ends
    try:
        found = function(rank)
    except Exception as error:  # whatever it is, the test looks at it
        found = {"error": type(error).__name__, "message": str(error)}
    torch.save(found, folder / f"process{rank}.pt")


def numbers(model, *given, **options):
    """Every number of a run but its wall time: the history, and what was learned."""
    history = fit(model, *given, **options)
    return {
        "best": history.attrs["best_epoch"],
        **{name: torch.from_numpy(history[name].values) for name in COMPARED},
        **model.state_dict(),
    }


def same(one, other):
    """Whether two runs have the same numbers, to the bit."""
    assert "error" not in one, one
    assert "error" not in other, other
    return one.keys() == other.keys() and all(
        torch.equal(torch.as_tensor(one[k]).nan_to_num(), torch.as_tensor(other[k]).nan_to_num()) for k in one
    )


def apart(one, other):
    """The largest difference between the numbers of two runs."""
    assert one.keys() == other.keys(), (one, other)
    return max(
        float((torch.as_tensor(one[k]) - torch.as_tensor(other[k])).abs().max().nan_to_num()) for k in one
    )
