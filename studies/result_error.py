"""The error of files of results, apart from what reads and writes them."""


class ResultError(ValueError):
    """A result cannot be written or read: where, why, what to do."""
