"""One page to read: a result file or the folder of a sweep as HTML that needs no network."""

from .writing import write_report

__all__ = ["write_report"]
