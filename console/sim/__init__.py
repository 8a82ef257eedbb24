"""The simulated cluster: `physics` is pure and seeded, `wire` speaks the real protocols over it, `server` runs both.

Only `console/session.py` and `console/cli/` may import this room.
"""
