"""Random networks that once differed from Brian2, shrunk and named after the cause."""

from .random_networks_plans import NetworkPlan

FOUND: dict[str, NetworkPlan] = {}
