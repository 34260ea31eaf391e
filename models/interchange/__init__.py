"""What goes out to other formats and comes in from them: NIR, Neo, NWB, pandas."""

from ..extras import MissingExtra
from .neo_blocks import to_neo
from .nir_graphs import from_nir, read_nir, to_nir, write_nir
from .nir_neurons import NIR_LI, NIR_LIF, NIR_CubaLI, NIR_CubaLIF
from .nir_plan import GraphRefused
from .nwb_files import to_nwb
from .tables import to_pandas
