"""How far spike trains are from one another, and what a changed network keeps."""
