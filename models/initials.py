"""Initial distributions of parameters and weights, drawn with NumPy generators."""

from __future__ import annotations

import dataclasses
import zlib
from dataclasses import dataclass

import numpy as np
from brian2 import Quantity, get_dimensions, have_same_dimensions, second
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Constant:
    """The same value for every neuron.

    Parameters
    ----------
    value : float or Quantity
        A plain number stands for steps of dt_ref where the parameter is a time.
    """

    value: Quantity | ArrayLike

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return np.full(size, np.asarray(self.value, dtype=float))

    @property
    def scale(self) -> Quantity | ArrayLike:
        return self.value


@dataclass(frozen=True)
class Normal:
    """A normal distribution, truncated below by drawing again.

    Parameters
    ----------
    mean, sd : float or Quantity
        Both plain numbers (steps of dt_ref where the parameter is a time) or both quantities; sd >= 0.
    minimum : float or Quantity, optional
        Values below are drawn again. Must lie below mean + 3 sd. For times it is one step of dt_ref unless
        given: the papers draw without a bound, so that a time constant may come out negative.

    Raises
    ------
    ValueError
        Several units, a deviation below 0, a minimum above mean + 3 sd.
    """

    mean: Quantity | float
    sd: Quantity | float
    minimum: Quantity | float | None = None

    def __post_init__(self):
        if get_dimensions(self.mean) is not get_dimensions(self.sd):
            raise ValueError(
                f"Normal: mean and sd need the same unit, got {self.mean} and {self.sd}; give both as "
                "quantities or both as plain numbers (steps of dt_ref for times)"
            )
        if not float(self.sd) >= 0:
            raise ValueError(f"Normal: sd must be >= 0, got {self.sd}")
        if self.minimum is not None:
            if get_dimensions(self.minimum) is not get_dimensions(self.mean):
                raise ValueError(
                    f"Normal: minimum needs the unit of mean, got {self.minimum} for {self.mean}"
                )
            if not float(self.minimum) <= float(self.mean) + 3 * float(self.sd):
                raise ValueError(
                    f"Normal: minimum must lie below mean + 3 sd, got {self.minimum} for mean {self.mean}, "
                    f"sd {self.sd}"
                )

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        mean, sd = float(self.mean), float(self.sd)
        values = rng.normal(mean, sd, size)
        if self.minimum is not None:
            low = values < float(self.minimum)
            while low.any():
                values[low] = rng.normal(mean, sd, int(low.sum()))
                low = values < float(self.minimum)
        return values

    @property
    def scale(self) -> Quantity | float:
        return self.mean


@dataclass(frozen=True)
class Uniform:
    """A uniform distribution on [low, high).

    Parameters
    ----------
    low, high : float or Quantity
        Both plain numbers (steps of dt_ref where the parameter is a time) or both quantities; low < high.

    Raises
    ------
    ValueError
        Values out of order, or in several units.
    """

    low: Quantity | float
    high: Quantity | float

    def __post_init__(self):
        if get_dimensions(self.low) is not get_dimensions(self.high) or not float(self.low) < float(
            self.high
        ):
            raise ValueError(f"Uniform: expected low < high in one unit, got {self.low} and {self.high}")

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return rng.uniform(float(self.low), float(self.high), size)

    @property
    def scale(self) -> Quantity | float:
        return self.low


@dataclass(frozen=True)
class LogNormal:
    """A log-normal distribution between two bounds, kept there by drawing again.

    Parameters
    ----------
    median : float or Quantity
        > 0; a plain number stands for steps of dt_ref where the parameter is a time.
    log_sd : float
        Standard deviation of the natural logarithm, >= 0.
    minimum, maximum : float or Quantity
        In the unit of the median, 0 <= minimum <= median <= maximum; values outside are drawn again.

    Raises
    ------
    ValueError
        Values out of order, or in several units.
    """

    median: Quantity | float
    log_sd: float
    minimum: Quantity | float
    maximum: Quantity | float

    def __post_init__(self):
        dimensions = {get_dimensions(v) for v in (self.median, self.minimum, self.maximum)}
        if len(dimensions) > 1:
            raise ValueError(
                f"LogNormal: median, minimum and maximum need the same unit, got {self.median}, {self.minimum} and "
                f"{self.maximum}"
            )
        low, middle, high = float(self.minimum), float(self.median), float(self.maximum)
        if not (0 <= low <= middle <= high < np.inf and middle > 0):
            raise ValueError(
                f"LogNormal: expected 0 <= minimum <= median <= maximum, median > 0, got {self.minimum}, "
                f"{self.median}, {self.maximum}"
            )
        if isinstance(self.log_sd, Quantity) or not 0 <= float(self.log_sd) < np.inf:
            raise ValueError(f"LogNormal: log_sd must be a finite number >= 0, got {self.log_sd!r}")

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        low, high = float(self.minimum), float(self.maximum)
        values = float(self.median) * np.exp(self.log_sd * rng.standard_normal(size))
        outside = (values < low) | (values > high)
        while outside.any():
            values[outside] = float(self.median) * np.exp(
                self.log_sd * rng.standard_normal(int(outside.sum()))
            )
            outside = (values < low) | (values > high)
        return values

    @property
    def scale(self) -> Quantity | float:
        return self.median


@dataclass(frozen=True)
class LogUniform:
    """A distribution that is uniform in the logarithm, on [low, high): as many values in each octave.

    Parameters
    ----------
    low, high : float or Quantity
        Both plain numbers (steps of dt_ref where the parameter is a time) or both quantities; 0 < low < high.

    Raises
    ------
    ValueError
        Values out of order, or in several units.
    """

    low: Quantity | float
    high: Quantity | float

    def __post_init__(self):
        if (
            get_dimensions(self.low) is not get_dimensions(self.high)
            or not 0 < float(self.low) < float(self.high) < np.inf
        ):
            raise ValueError(
                f"LogUniform: expected 0 < low < high in one unit, got {self.low} and {self.high}"
            )

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return np.exp(rng.uniform(np.log(float(self.low)), np.log(float(self.high)), size))

    @property
    def scale(self) -> Quantity | float:
        return self.low


DISTRIBUTIONS = {
    "constant": Constant,
    "normal": Normal,
    "lognormal": LogNormal,
    "uniform": Uniform,
    "loguniform": LogUniform,
}


def initial_from(text: str) -> Constant | Normal | LogNormal | Uniform | LogUniform:
    """The distribution that a text names, as configurations and the command line have it.

    Parameters
    ----------
    text : str
        ``"normal(20, 5)"``, ``"normal(20, 5, 1)"``, ``"lognormal(20, 0.5, 1, 200)"``, ``"uniform(5, 25)"``,
        ``"loguniform(2, 200)"``, ``"constant(20)"``: the fields of the class of that name as plain numbers, which for
        a time are steps of dt_ref.

    Returns
    -------
    Constant, Normal, LogNormal, Uniform or LogUniform

    Raises
    ------
    ValueError
        Another name, arguments that are no numbers or not those of the distribution.
    """
    name, bracket, rest = str(text).strip().partition("(")
    kind = DISTRIBUTIONS.get(name.strip().lower())
    fields = [] if kind is None else [f.name for f in dataclasses.fields(kind)]
    try:
        values = [float(part) for part in rest.strip().removesuffix(")").split(",")]
    except ValueError:
        values = []
    least = sum(f.default is dataclasses.MISSING for f in dataclasses.fields(kind)) if kind else 0
    if (
        kind is None
        or not bracket
        or not rest.rstrip().endswith(")")
        or not least <= len(values) <= len(fields)
    ):
        known = ", ".join(
            f"{n}({', '.join(f.name for f in dataclasses.fields(k))})" for n, k in DISTRIBUTIONS.items()
        )
        raise ValueError(f"initial values: expected one of {known} with numbers, got {text!r}")
    return kind(*values)


def stream(seed, name):
    """Return the generator of one named quantity: adding a layer leaves the draws of the others as they are.

    Parameters
    ----------
    seed : int
        >= 0.
    name : str
        E.g. ``"hidden1.tau_m"``.

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),)))


def draw(initial, rng, size, *, unit, dt_ref, name, positive=False):
    """Draw `size` values of a parameter.

    Parameters
    ----------
    initial : Constant, Normal, LogNormal, Uniform, LogUniform, float, array_like or Quantity
        Plain numbers of a parameter that is a time are steps of `dt_ref`; an array gives one value per
        neuron.
    rng : numpy.random.Generator
    size : int
    unit : brian2 Unit
        Of the parameter.
    dt_ref : Quantity
        Length of a step (s).
    name : str
        Of the parameter, for messages.
    positive : bool
        Whether values must be > 0; those of a time must be anyway.

    Returns
    -------
    Quantity, shape (size,)
        Finite; a time is > 0.

    Raises
    ------
    ValueError
        Another unit or shape, values that are not finite, or not positive where they must be.
    """
    is_time = have_same_dimensions(unit, second)
    if not hasattr(initial, "draw"):
        value = initial
        if np.ndim(value) not in (0, 1) or (np.ndim(value) == 1 and np.shape(value) != (size,)):
            raise ValueError(f"{name}: expected one value or {size}, got an array of shape {np.shape(value)}")
        initial = Constant(value)
    if isinstance(initial, Constant) and np.asarray(initial.value).dtype.kind not in "fiub":
        raise ValueError(
            f"{name}: expected a number, quantity, array, {', '.join(k.__name__ for k in DISTRIBUTIONS.values())}, got "
            f"{initial.value!r}"
        )
    scale = initial.scale
    in_steps = is_time and not isinstance(scale, Quantity)
    if not in_steps and get_dimensions(scale) is not get_dimensions(unit):
        raise ValueError(f"{name}: expected a value in {unit!r}, got {scale!r}")
    if is_time and isinstance(initial, Normal) and initial.minimum is None:
        initial = Normal(initial.mean, initial.sd, 1 if in_steps else 1 * dt_ref)
    values = initial.draw(rng, size)
    if in_steps:
        values = values * float(dt_ref)
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: expected finite values, got {values[~np.isfinite(values)][0]}")
    if is_time and not (values > 0).all():
        raise ValueError(f"{name}: a time must be positive, got {values.min()} s; set a positive minimum")
    if positive and not (values > 0).all():
        raise ValueError(f"{name} must be positive, got {values.min():g} {unit!r} (SI); give values > 0")
    return Quantity(values, dim=get_dimensions(unit))


def xavier_uniform(rng, pre, post):
    """Glorot and Bengio (2010): U(-b, b), b = sqrt(6/(pre + post)). Returns ndarray, shape (pre, post)."""
    bound = np.sqrt(6 / (pre + post))
    return rng.uniform(-bound, bound, (pre, post))


def orthogonal(rng, n):
    """A random orthogonal matrix (Saxe et al. 2014): Q of a normal matrix, signs as in the diagonal of R.

    Returns ndarray, shape (n, n).
    """
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))
