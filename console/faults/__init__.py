"""The narrow door to the world: guard, journal, act, verify, and the way back."""
