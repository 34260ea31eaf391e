"""The tables of measured neurons: their files, columns, filters, and who is to be cited."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A coordinate of the cells: its name here, its column in the file, and what an empty field means."""

    name: str
    column: str
    blank: str = "not stated"


@dataclass(frozen=True)
class Second:
    """A further time constant (ms) of the same cells: NaN unless the column `where` says True."""

    name: str
    column: str
    what: str
    where: str


@dataclass(frozen=True)
class Source:
    """A table of measured cells.

    Parameters
    ----------
    file : str
        Below the data folder.
    tau : str
        Column of the time constants (ms).
    quantity, what : str
        Name and long name of their variable.
    columns : tuple of Column
    group : tuple of str
        Coordinates whose values, joined, name the default groups.
    order : tuple of str
        All groups there are, in the order of figures and tables.
    title, citation, licence, filters : str
    keep : tuple of str or None
        Column and text that a row must have to count.
    second : tuple of Second
    """

    file: str
    tau: str
    quantity: str
    what: str
    columns: tuple[Column, ...]
    group: tuple[str, ...]
    order: tuple[str, ...]
    title: str
    citation: str
    licence: str
    filters: str
    keep: tuple[str, str] | None = None
    second: tuple[Second, ...] = ()


ALLEN = Source(
    file="biology/allen_cell_types.csv",
    tau="tau_membrane_ms",
    quantity="tau_m",
    what="membrane time constant",
    columns=(
        Column("specimen_id", "specimen_id"),
        Column("species", "species"),
        Column("area", "structure_area"),
        Column("cortical_layer", "cortical_layer"),
        Column("cell_class", "dendrite_type"),
    ),
    group=("species", "cell_class"),
    order=(
        "mouse spiny",
        "mouse sparsely spiny",
        "mouse aspiny",
        "human spiny",
        "human sparsely spiny",
        "human aspiny",
    ),
    title="Allen Cell Types Database, 2333 cortical neurons in patch clamp",
    citation="Gouwens et al., Nature Neuroscience 22, 1182 (2019); Allen Institute for Brain Science, "
    "celltypes.brain-map.org",
    licence="Allen Institute terms of use: non-commercial research, cite",
    filters="cells with a measured time constant",
)

ALLEN_GLIF = Source(
    file="biology/allen_glif_neurons.csv",
    tau="tau_membrane_ms",
    quantity="tau_m",
    what="membrane time constant",
    columns=(
        Column("specimen_id", "specimen_id"),
        Column("species", "species"),
        Column("cell_class", "cre_line"),
    ),
    group=("species",),
    order=("mouse", "human"),
    title="GLIF models of the Allen Cell Types Database, 789 neurons in patch clamp",
    citation="Teeter et al., Nature Communications 9, 709 (2018); Allen Institute for Brain Science, "
    "celltypes.brain-map.org",
    licence="Allen Institute Software License: 2-clause BSD plus no commercial redistribution",
    filters="cells with a fitted membrane time constant; tau_a only where the fit of the threshold passed the source's "
    "criteria (threshold_adaptation_accepted)",
    second=(
        Second(
            "tau_a",
            "threshold_spike_tau_ms",
            "decay time of the threshold after a spike",
            "threshold_adaptation_accepted",
        ),
    ),
)

NEUROELECTRO = Source(
    file="biology/neuroelectro_neurons.csv",
    tau="tau_membrane_ms",
    quantity="tau_m",
    what="membrane time constant",
    columns=(
        Column("species", "species"),
        Column("cell_class", "neuron_type"),
        Column("preparation", "preparation"),
        Column("electrode", "electrode_type"),
        Column("pubmed_id", "pubmed_id"),
    ),
    group=("species",),
    order=("Rats", "Mice", "Guinea Pigs", "Macaca mulatta"),
    title="NeuroElectro, means of one neuron type in one article, articles of 1984 to 2013",
    citation="Tripathy et al., Frontiers in Neuroinformatics 8, 40 (2014); Journal of Neurophysiology 113, 3474 (2015)",
    licence="not stated with the data release of 2014; cite NeuroElectro",
    filters="rows with a membrane time constant; all preparations and electrodes",
)

INTRINSIC_TIMESCALES = Source(
    file="biology/intrinsic_timescales.csv",
    tau="tau_intrinsic_ms",
    quantity="tau_intrinsic",
    what="intrinsic time scale of spiking",
    columns=(
        Column("species", "species"),
        Column("dataset", "dataset"),
        Column("area", "area"),
        Column("region", "region_group", "other areas"),
        Column("unit_id", "unit_id"),
    ),
    group=("species", "region"),
    order=tuple(
        f"{species} {region}"
        for species in ("mouse", "monkey", "human")
        for region in ("hippocampus", "amygdala", "OFC", "mPFC", "ACC", "other areas")
    ),
    title="Intrinsic time scales of single units in vivo: mouse, monkey and human",
    citation="Zeisler et al., Consistent hierarchies of single-neuron timescales in mice, macaques and humans (2024); "
    "method of Fontanier et al., eLife 11, e63795 (2022)",
    licence="not stated; cite",
    filters="units whose fit the authors accepted (keep = 1)",
    keep=("keep", "1"),
)

SOURCES = {
    "allen": ALLEN,
    "allen_glif": ALLEN_GLIF,
    "neuroelectro": NEUROELECTRO,
    "intrinsic_timescales": INTRINSIC_TIMESCALES,
}
