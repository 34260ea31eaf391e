"""Who takes part, by key."""

from dataclasses import dataclass
from pathlib import Path

SAME = "the papers' model"


@dataclass(frozen=True)
class Competitor:
    """One way to train the layer.

    Parameters
    ----------
    title : str
    build : str
        ``module:function`` within this package, to be called with a `Size` and keyword arguments.
    needs : tuple of str
        Modules that are imported before the clock starts.
    versions : tuple of str
        Distributions whose versions are reported.
    arguments : tuple of (str, object)
        Keyword arguments of `build`.
    model : str
        `SAME`, or how the model differs.
    own : bool
        Whether it is an engine of this package.
    """

    title: str
    build: str
    needs: tuple[str, ...]
    versions: tuple[str, ...]
    arguments: tuple[tuple[str, object], ...] = ()
    model: str = SAME
    own: bool = False


# Engines of this package, by the name that `Twin` takes.
ENGINES = {name: f"chronaxie, {name}" for name in ("fused", "compiled", "reference")}
STEP_PARTS = ("engine forward", "engine backward", "loss", "optimiser", "rest")  # as in `ecg`
CELLS = ("Hodgkin-Huxley", "AdEx", "Izhikevich")  # as in `equations`, which needs Brian2 to be read


def engine_task(name, build):
    """An engine of this package at some task.

    Parameters
    ----------
    name : str
        One of `ENGINES`.
    build : str
        As in `Competitor`.
    """
    return Competitor(
        ENGINES[name],
        build,
        ("chronaxie.gradient_bridge",),
        ("chronaxie", "brian2", "torch"),
        (("engine", name),),
        own=True,
    )


_TORCH = (("torch",), ("torch",))
_NORSE = (("norse.torch",), ("norse", "torch"))
_JELLY = (("spikingjelly.activation_based.layer",), ("spikingjelly", "torch"))
_JAX = (("jax",), ("jax", "jaxlib"))
_LSNN = "Euler steps, a synaptic current besides, reset to 0 without gradient"

COMPETITORS = {
    **{name: engine_task(name, "own:twin") for name in ENGINES},
    "eager": Competitor("PyTorch, eager loop", "plain_torch:eager", *_TORCH),
    "torch.compile": Competitor("PyTorch, torch.compile", "plain_torch:compiled", *_TORCH, (("chunk", 25),)),
    "norse": Competitor("Norse, LSNN recurrent", "libraries:norse", *_NORSE, model=_LSNN),
    "snntorch": Competitor(
        "snnTorch, RLeaky",
        "libraries:snntorch",
        ("snntorch",),
        ("snntorch", "torch"),
        model="no adaptation",
    ),
    "spikingjelly": Competitor(
        "SpikingJelly, recurrent PLIF",
        "libraries:spikingjelly",
        *_JELLY,
        model="no adaptation, one tau_m for all",
    ),
    "jax": Competitor("JAX, lax.scan", "jax_scan:scan", *_JAX, (("unroll", 1),)),
}
# Further ways of the same peers, on request.
VARIANTS = {
    "torch.compile-10": Competitor(
        "PyTorch, torch.compile, chunks of 10", "plain_torch:compiled", *_TORCH, (("chunk", 10),)
    ),
    "norse-cell": Competitor("Norse, LSNN cell and s @ w", "libraries:norse_cell", *_NORSE, model=_LSNN),
    "spikingjelly-loop": Competitor(
        "SpikingJelly, PLIF and s @ w",
        "libraries:spikingjelly_loop",
        *_JELLY,
        model="no adaptation, one tau_m for all",
    ),
    "jax-unroll": Competitor("JAX, lax.scan, unroll 5", "jax_scan:scan", *_JAX, (("unroll", 5),)),
}
PROTOTYPE = "prototype"
PROTOTYPE_FILES = ("generated_engine.py", "generated_models.py", "engine.c.in")


def prototype(folder):
    """The `Competitor` of a folder with a generated engine."""
    return Competitor(
        "generated prototype",
        "prototype:generated",
        ("torch", "brian2", "sympy"),
        ("torch",),
        (("folder", str(folder)),),
    )


def why_no_prototype(folder):
    """Why a folder cannot be used, or None."""
    missing = [name for name in PROTOTYPE_FILES if not (Path(folder) / name).is_file()]
    return f"{folder} lacks {', '.join(missing)}" if missing else None
