"""Partition where there is more than one network, a fixed address, or a network that is gone when it is put back."""

from __future__ import annotations

from console.model.fault import Outcome

from .bed import Bed, rows
from .fixtures import Hand


async def test_two_networks_and_a_fixed_address(bed: Bed, hand: Hand) -> None:
    """It leaves both and comes back to both, under its names and with the address it had asked for."""
    second = await bed.second_network()
    await bed.docker("network", "connect", "--ip", bed.fixed_address, "--alias", "other", second, bed.name("tikv1"))
    picture = await bed.picture("tikv1")
    assert len(picture["networks"]) == 2
    await hand.injected("partition", "tikv1")
    assert (await bed.picture("tikv1"))["networks"] == {}
    (result,) = await hand.actor.revert_all("back", disarm=False)
    assert result.outcome is Outcome.COMPLETE, result.detail
    assert await bed.picture("tikv1") == picture
    await bed.docker("network", "disconnect", second, bed.name("tikv1"))


async def test_a_network_that_is_gone(bed: Bed, hand: Hand) -> None:
    """It cannot come back to a network somebody removed: FAILED, by name; the others are joined all the same."""
    second = await bed.second_network()
    picture = await bed.picture("tikv1")
    await bed.docker("network", "connect", second, bed.name("tikv1"))
    injection = await hand.injected("partition", "tikv1")
    await bed.lose_network(second)
    (result,) = await hand.actor.revert_all("back", disarm=False)
    assert result.outcome is Outcome.FAILED
    assert second in result.detail
    assert rows(hand.database) == {injection.id: "failed"}
    assert (await bed.picture("tikv1"))["networks"] == picture["networks"]
