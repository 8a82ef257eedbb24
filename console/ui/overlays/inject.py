"""Choosing a fault: the kinds that fit the selected target, or the targets that fit a kind."""

from __future__ import annotations

from itertools import groupby

from console.model.fault import Fault, TargetKind
from console.model.names import Role, natural, role_of
from console.model.selectors import ROLE_OF, ROLES
from console.model.view import View
from console.ui.lines import EMPTY, Line, chain, line, whole_words
from console.ui.messages import Notice
from console.ui.overlays.base import Overlay
from console.ui.panes.faults import entry_line
from console.ui.widgets.listing import Row

_FITS = {role: kind for kind, role in ROLE_OF.items()}


def target_kinds(target: str) -> tuple[TargetKind, ...]:
    """What a target may be: a role by name, or a service."""
    kind = _FITS.get(role_of(target))
    return ROLES.get(target) or ((kind,) if kind is not None else ())


def fits(fault: Fault, target: str) -> bool:
    """Whether a kind can be injected on a target at all."""
    return any(kind in fault.targets for kind in target_kinds(target))


def targets_for(view: View, fault: Fault | None = None) -> list[str]:
    """Services and roles that a kind fits, or all of them."""
    services = {*view.cluster.stores, *view.cluster.members}
    services |= {n for n, c in view.cluster.containers.items() if c.role is not Role.OTHER}
    names = [*sorted(services, key=natural), *ROLES]
    return [n for n in names if fault is None or fits(fault, n)]


class KindPicker(Overlay):
    """All kinds that fit one target; the ones that cannot work here stay, dimmed, with the reason."""

    columns = 86

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target

    def title(self) -> str:
        return f"Inject on {self.target}"

    def items(self, columns: int) -> list[Row]:
        fitting = [e for e in self.view.faults if fits(e.fault, self.target)]
        if not fitting:
            return [Row(line((f"no fault kind fits {self.target}", "dim")))]
        rows: list[Row] = []
        for family, entries in groupby(fitting, key=lambda e: e.fault.family):
            rows.append(Row(line((family, "head"))))
            rows += [Row(entry_line(e, columns), e.fault.kind) for e in entries]
        return rows

    def foot(self) -> Line:
        keys = (line(("enter", "key"), (" preview", "dim")), line(("esc", "key"), (" back", "dim")))
        return chain(keys, 60)

    async def accept(self) -> None:
        """Preview the kind under the cursor, or say why it cannot work."""
        entry = next((e for e in self.view.faults if e.fault.kind == self.sheet.cursor), None)
        if entry is None:
            return
        if not entry.availability.ok:
            why = " — ".join(filter(None, (entry.availability.reason, entry.availability.remedy)))
            self.post_message(Notice(f"{entry.fault.kind} cannot work here: {why}", "warn"))
            return
        from console.ui.overlays.preview import PreviewForm

        await self.host.open(PreviewForm(entry.fault, self.target, back=lambda: KindPicker(self.target)))


class TargetPicker(Overlay):
    """All targets one kind fits."""

    columns = 60

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault

    def title(self) -> str:
        return f"{self.fault.kind}: on which target"

    def items(self, columns: int) -> list[Row]:
        rows = []
        for name in targets_for(self.view, self.fault):
            note = "found at the moment of injection" if name in ROLES else ""
            rows.append(Row(line((f"{name:<26}", "t"), *whole_words(note, max(0, columns - 26), "dim")), name))
        return rows or [Row(EMPTY), Row(line(("nothing here fits this kind", "dim")))]

    async def accept(self) -> None:
        """Preview the kind on the target under the cursor."""
        if self.sheet.cursor:
            from console.ui.overlays.preview import PreviewForm

            await self.host.open(PreviewForm(self.fault, self.sheet.cursor, back=lambda: TargetPicker(self.fault)))
