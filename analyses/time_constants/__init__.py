"""Learned time constants: their distributions, what training did to them, what they go with."""

from .description import timescale_intervals
from .displacement import displacement
from .distributions import timescale_fits
from .relations import lesion_losses, partial_relations, relations
from .resets import reset_relations
from .summary import timescales, timescales_table
from .theoretical import displacement_from
