"""Full screens: the dashboard, and what is pushed over it."""
