"""The nouns of the field as frozen dataclasses: no I/O, no clock, standard library only."""
