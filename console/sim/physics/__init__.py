"""The model of the cluster: no I/O and no clock; same seed and same commands at same times give the same world."""
