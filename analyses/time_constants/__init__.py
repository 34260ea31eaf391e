"""Learned time constants: their distributions, and what training did to them."""
