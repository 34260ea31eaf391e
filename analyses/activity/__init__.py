"""What spike trains of a simulation say: rates, sparseness, irregularity."""
