"""Simulations that an analysis needs: each runs a network and hands over a Dataset."""
