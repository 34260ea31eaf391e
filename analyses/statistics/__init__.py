"""Estimators that know nothing of networks: intervals, fits, distances, permutation tests."""
