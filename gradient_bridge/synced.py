"""The part of a twin that exchanges values with Brian2."""

from __future__ import annotations

import numpy as np
import torch

from .exchange import (
    check_objects,
    check_unchanged,
    read_again,
    read_untouched,
    read_values,
    refuse_changed,
)
from .flow import carrying


class Synced:
    """Part of `Twin`."""

    @torch.no_grad()
    def sync(self, *, overwrite: bool = False) -> None:
        """Write every trained value to the Brian2 objects. Inverse: `pull`.

        Parameters
        ----------
        overwrite : bool
            Also where the values in Brian2 are others than those that the twin took or wrote last.

        Raises
        ------
        ValueError
            A value is not finite, or a parameter was changed in Brian2 meanwhile. Nothing was written. Values that
            change in a run (initial states, plastic weights) are written whatever a run has left there.
        UnsupportedModel
            Groups, connections or delays are others than when the twin was made.
        """
        new = read_values(self.program)
        self._check_unchanged(new)
        if not overwrite:
            refuse_changed(self.program, self.objects, self._values, new, self._agreed)
        values = {p: self._trained(p)().detach().cpu().double().numpy() for p in self._places}
        for place, value in values.items():
            if not np.all(np.isfinite(value)):
                raise ValueError(f"sync: {place.key} holds values that are not finite; nothing was written")
        for place, value in values.items():
            place.write(value)
            self._agreed[place] = place.read()

    @torch.no_grad()
    def pull(self) -> None:
        """Take every value from the Brian2 objects, trained ones included. Inverse: `sync`."""
        new = read_values(self.program)
        self._check_unchanged(new)
        trained = {p: torch.as_tensor(p.read(), dtype=self.dtype, device=self.device) for p in self._places}
        for place, value in trained.items():
            self._trained(place).coordinate.check(value, place.key)
        self._values, self._cast, self._untouched = new, {}, read_untouched(self.program, self.objects)
        self._engine.program = read_again(self.program, self.objects, self.network)
        for place, value in trained.items():
            self._trained(place).set_base(value)
            self._agreed[place] = place.read()
        self.surrogates = self._chosen
        self._find_scales(carrying(self.program, [p.key for p in self._places]))

    def _check_unchanged(self, new):
        check_objects(self.network, self.objects)
        check_unchanged(self.program, self.objects, self._values, new, {p.key for p in self._places})
