"""Networks under perturbations beside each other: what share of its accuracy each one keeps."""

import xarray as xr

from .errors import MissingVariable
from .variables import require


def perturbations_of(ds):
    """Names of the perturbations of a gathered dataset: ``NAME`` of all ``accuracy_NAME (…, NAME, draw)``."""
    named = {str(name): f"accuracy_{name}" for name in ds.dims}
    return [name for name, variable in named.items() if variable in ds and "draw" in ds[variable].dims]


def share_kept(ds):
    """Share of the accuracy above the commonest class that a network keeps, mean over strengths and draws.

    (accuracy − commonest)/(unperturbed − commonest): 1 where nothing is lost, 0 where the network does no better than
    the commonest class, below 0 where it does worse.

    Parameters
    ----------
    ds : xarray.Dataset
        ``accuracy_unperturbed (…, draw)``, ``accuracy_commonest (…)``, and for each perturbation ``accuracy_NAME (…,
        NAME, draw)``; NaN where a network has none.

    Returns
    -------
    xarray.DataArray
        (…, perturbation); NaN where the unperturbed network is no better than the commonest class.

    Raises
    ------
    MissingVariable
        There is no perturbation.
    """
    require(ds, "accuracy_unperturbed", "accuracy_commonest", "draw", where="share_kept")
    names = perturbations_of(ds)
    if not names:
        raise MissingVariable(
            "share_kept: expected accuracy_NAME over the strengths NAME of a perturbation, got none"
        )
    commonest = ds["accuracy_commonest"]
    above = ds["accuracy_unperturbed"].mean("draw") - commonest
    kept = [
        ((ds[f"accuracy_{name}"].mean(["draw", name]) - commonest) / above.where(above > 0)).drop_vars(
            name, errors="ignore"
        )
        for name in names
    ]
    found = xr.concat(kept, "perturbation").transpose(..., "perturbation").assign_coords(perturbation=names)
    text = {"units": "1", "long_name": "share of the accuracy above the commonest class that is kept"}
    return found.rename("kept").assign_attrs(text)
