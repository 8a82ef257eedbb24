"""The order of a campaign: as in its file, but what widens another experiment comes after it (S2-53). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.campaign import Item


def ordered(items: Sequence[Item]) -> list[Item]:
    """The same items. Of two that widen each other neither can be first: they stay where they are."""
    left, done = list(items), list[Item]()
    while left:
        titles = {i.experiment.title for i in left}
        free = next((i for i in left if i.experiment.widens not in titles - {i.experiment.title}), left[0])
        left.remove(free)
        done.append(free)
    return done
