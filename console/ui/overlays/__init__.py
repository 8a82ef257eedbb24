"""Dialogs: small opaque widgets on the overlay layer of a screen; while one is open other keys go nowhere else."""
