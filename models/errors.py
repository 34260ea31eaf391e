"""Errors of the models package that a caller may want to catch."""

from __future__ import annotations


class UnsupportedModel(NotImplementedError):
    """A network uses something that the package cannot mirror; it is never approximated.

    Parameters
    ----------
    object_name : str
        Name of the Brian2 object, e.g. ``"neurongroup_1"``.
    feature : str
        What is not supported, e.g. ``"run_regularly"``.
    remedy : str
        What the user can do about it.
    verb : str
        What the object does with it: ``"uses"``, ``"has"``, ``"is"``.

    Attributes
    ----------
    object_name, feature, remedy, verb : str
        As given.
    """

    def __init__(self, object_name: str, feature: str, remedy: str, verb: str = "uses") -> None:
        self.object_name = object_name
        self.feature = feature
        self.remedy = remedy
        self.verb = verb
        super().__init__(f"'{object_name}' {verb} {feature}. This is not supported: {remedy}")

    def __reduce__(self):
        return type(self), (self.object_name, self.feature, self.remedy, self.verb)


class StimulusError(ValueError):
    """A stimulus does not fit the network that it is given to."""


class DeviceError(RuntimeError):
    """A Brian2 device is unknown or cannot be used on this machine."""


class FileRefused(ValueError):
    """A network file is damaged, of another version, or holds what a network file must not hold."""


class BuildError(RuntimeError):
    """The compiler refused generated code; the message holds the compiler's own."""


class SimulationError(RuntimeError):
    """A compiled simulation failed; the message holds what it said."""


class SimulationTimeout(TimeoutError):
    """A simulation took longer than its time-out and was stopped."""
