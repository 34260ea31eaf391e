"""Errors of the analyses, for callers that want to catch them."""


class MissingVariable(ValueError):
    """A dataset lacks a variable, coordinate, dimension or attribute that an analysis needs."""


class InvalidInput(ValueError):
    """A value, shape, unit or name is outside what an analysis is defined for."""


class DataNotFound(FileNotFoundError):
    """A data file is not where it was looked for."""
