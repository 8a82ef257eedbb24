"""Experiments: hypothesis, steady state, method, rollback, proof."""
