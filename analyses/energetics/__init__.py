"""Operations of a network and what they cost."""
