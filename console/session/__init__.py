"""One running session: sources, fold, detection, diagnosis, and the actor; what screens and commands both use."""
