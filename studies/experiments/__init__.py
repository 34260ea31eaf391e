"""Studies that train many networks to re-test a claim: variants side by side, over seeds."""
