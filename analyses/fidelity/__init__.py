"""How far spike trains are from one another."""
