"""Findings into incidents: one per cause, however many vantage points see it and whatever follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from console.model.incident import Finding, Incident, Vantage
from console.model.names import Role, role_of

TOGETHER_S = 1.5  # strong findings on two components this close have one cause
WAIT_S = 25.0  # how long a finding too weak for an incident waits for company
REOPEN_S = 8.0
QUIET_S = 3.0  # an incident is over when nothing has stood for this long
# What is placed later than this after an unplaced symptom is another cause; a full disk is told every minute only.
ADOPT_S = 100.0
ORDERLY = ("0", "143")
ROLL_S = 180.0  # from the return of one to the stop of the next, in one rolling operation
ROLL_MERGE_S = 3.0
LEADER_SETTLES_S = 20.0
AFTERMATH_S = 40.0  # a place is well again: how long what has no place of its own may still keep the incident open
# A heartbeat, a scrape and a score tell the time of an onset only to their own period.
_BLUNT = frozenset(
    (
        *("heartbeat-late", "disconnected", "slow-score", "no-space", "throttled", "all-busy", "one-busy"),
        *("disk-waits", "commit-waits", "cpu-waits", "fewer-cores", "disk-full", "peers-lost", "peers-slow", "pd-lost"),
    )
)
_ALIKE = (("exited", "refused", "closed"), ("silent", "paused", "unreachable"))  # one death, told in several ways
_PORT = ("refused", "silent")
_FAST = (Vantage.DOCKER, Vantage.PROBE, Vantage.WORKLOAD)
_STRONG = (Vantage.DOCKER, Vantage.PROBE)


@dataclass
class _Open:
    """An incident being built."""

    id: str
    opened: float
    findings: list[Finding] = field(default_factory=list)
    over: float | None = None

    def put(self, finding: Finding) -> None:
        """Add a finding. One that comes again in the same incident is the same one, seen first when it first came."""
        for i, known in enumerate(self.findings):
            if known.key == finding.key:
                again = known.cleared is not None and finding.active
                # How it came about the first time is how the incident began; the next death may be of another kind.
                attrs = {**finding.attrs, **known.attrs} if again else {**known.attrs, **finding.attrs}
                self.findings[i] = replace(
                    known,
                    cleared=finding.cleared,
                    alone=known.alone or finding.alone,
                    times=known.times + again,
                    attrs=attrs,
                    text=finding.text if finding.alone and not known.alone else known.text,
                )
                return
        self.findings.append(finding)

    def has_open(self, finding: Finding) -> bool:
        return any(f.key == finding.key and f.active for f in self.findings)

    @property
    def components(self) -> tuple[str, ...]:
        """Places, from findings that are worth an incident by themselves; else from any."""
        named = [f for f in self.findings if f.component is not None]
        strong = {f.component for f in named if f.alone and f.vantage in _STRONG}
        strong = strong or {f.component for f in named if f.alone} or {f.component for f in named}
        return tuple(sorted(c for c in strong if c is not None))

    @property
    def began(self) -> float:
        """The earliest onset of what belongs to the cause; a heartbeat tells the time only to half its period."""
        sharp = [f.onset for f in self.findings if f.symptom not in _BLUNT]
        return min(sharp or [f.onset for f in self.findings])

    def standing(self) -> list[Finding]:
        """What keeps it open: a weak finding (leaders that left and need not come back) does not."""
        return [f for f in self.findings if f.active and f.alone]

    def ended(self, t: float) -> float | None:
        """When it was over, or None while it lasts.

        The cause has ended when the fast witnesses that had placed it are content; PD's slower word on the same
        place follows by up to a heartbeat, and does not move that time when a fast witness was there.
        """
        standing = self.standing()
        placed = [f for f in self.findings if f.component is not None]
        cleared = [f.cleared for f in self.findings if f.cleared is not None]
        if not cleared or t - max(cleared) < QUIET_S:
            return None
        if any(f.component is not None for f in standing):
            return None
        if standing and (not placed or t - max(cleared) < AFTERMATH_S):
            return None
        fast = [f.cleared for f in placed if f.cleared is not None and f.alone and f.vantage in _FAST]
        stalled = [f.cleared for f in self.findings if f.cleared is not None and f.symptom == "stalled"]
        firm = [f.cleared for f in self.findings if f.cleared is not None and f.alone]
        return max([*fast, *stalled]) if fast else max(firm or cleared)

    def frozen(self) -> Incident:
        return Incident(
            id=self.id,
            began=self.began,
            opened=self.opened,
            findings=tuple(sorted(self.findings, key=lambda f: (f.seen, f.vantage, f.symptom))),
            components=self.components,
            over=self.over,
        )


class Fusion:
    """Keeps the open incidents. Deterministic: the same findings in the same order give the same incidents."""

    def __init__(self) -> None:
        self._incidents: list[_Open] = []
        self._waiting: list[Finding] = []
        self._count = 0

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """All of the session, oldest first."""
        return tuple(i.frozen() for i in self._incidents)

    def step(self, t: float, changed: list[Finding]) -> bool:
        """Take in changed findings and the time. True where an incident changed."""
        touched = False
        for finding in changed:
            touched |= self._take(finding, t)
        self._waiting = [f for f in self._waiting if t - f.seen <= WAIT_S]
        for incident in self._incidents:
            if incident.over is None and (over := incident.ended(t)) is not None:
                incident.over = over
                touched = True
        return touched

    def _take(self, finding: Finding, t: float) -> bool:
        home = self._home(finding)
        if home is not None:
            home.put(finding)
            home.over = None if finding.active else home.over
            self._gather(home)
            return True
        if not finding.active:
            self._waiting = [f for f in self._waiting if f.key != finding.key]
            return False
        if not finding.alone and not self._company(finding):
            self._waiting = [*(f for f in self._waiting if f.key != finding.key), finding][-200:]
            return False
        self._count += 1
        incident = _Open(id=f"i{self._count}", opened=t)
        incident.put(finding)
        self._incidents.append(incident)
        self._gather(incident)
        return True

    def _company(self, finding: Finding) -> bool:
        """Two weak findings of different vantage points on one component make an incident."""
        return finding.component is not None and any(
            f.component == finding.component and f.vantage is not finding.vantage for f in self._waiting
        )

    def _gather(self, incident: _Open) -> None:
        """Weak findings that waited go to the incident that explains them."""
        rest = []
        for finding in self._waiting:
            same = finding.component is None or finding.component in incident.components
            if same and finding.onset >= incident.began - WAIT_S:
                incident.put(finding)
            else:
                rest.append(finding)
        self._waiting = rest

    def _home(self, finding: Finding) -> _Open | None:
        """The incident this finding belongs to, or None."""
        if (rolling := self._rolling(finding)) is not None:
            return rolling
        for incident in reversed(self._incidents):
            if incident.has_open(finding):
                return incident
        live = [i for i in reversed(self._incidents) if self._recent(i, finding)]
        if finding.component is None:
            return next((i for i in live if _explains(i, finding)), None)
        for incident in live:
            if finding.component in incident.components or _lost_leader(incident, finding):
                return incident
        if finding.symptom == "leader-moved":
            # A leader found after one was lost, or after a member came back, is the end of that story.
            return next((i for i in reversed(self._incidents) if _led_to(i, finding)), None)
        for incident in live:
            if incident.over is None and (_adopts(incident, finding) or self._together(incident, finding)):
                return incident
        return None

    def _rolling(self, finding: Finding) -> _Open | None:
        """An orderly exit soon after another of the same role had come back: the next step of one operation."""
        if finding.symptom != "exited" or not _orderly(finding):
            return None
        before = next((i for i in reversed(self._incidents) if _rolls_on(i, finding)), None)
        if before is None:
            return None
        # Its port may have been found closed a moment before its exit was told.
        for young in [i for i in self._incidents if i is not before and i.opened >= finding.onset - ROLL_MERGE_S]:
            if young.components == (finding.component,):
                self._incidents.remove(young)
                for one in young.findings:
                    before.put(one)
        return before

    def _recent(self, incident: _Open, finding: Finding) -> bool:
        return incident.over is None or finding.onset - incident.over < REOPEN_S

    def _together(self, incident: _Open, finding: Finding) -> bool:
        """Another component fell in the same moment and in the same way: one cause."""
        if not finding.alone or not _first_hand(finding):
            return False
        return any(
            f.alone and _alike(f, finding) and abs(f.onset - finding.onset) <= TOGETHER_S for f in incident.findings
        )


def _first_hand(finding: Finding) -> bool:
    """Told of itself, not by somebody who waits for it: PD's members are asked at their own ports as stores are."""
    return finding.vantage in _STRONG or (finding.vantage is Vantage.PD and finding.symptom in _PORT)


def _alike(a: Finding, b: Finding) -> bool:
    if a.vantage is b.vantage and a.symptom == b.symptom:
        return True
    return any(a.symptom in group and b.symptom in group for group in _ALIKE)


def _explains(incident: _Open, finding: Finding) -> bool:
    """Whether a finding that has no place of its own may follow from this incident.

    PD without a leader follows from the loss of a member, never from a store's; what clients feel follows from either.
    """
    if finding.symptom != "leader-lost":
        return True
    return not incident.components or any(role_of(c) is Role.PD for c in incident.components)


def _orderly(finding: Finding) -> bool:
    return finding.attrs.get("exit_code") in ORDERLY


def _rolls_on(incident: _Open, finding: Finding) -> bool:
    """Every exit of the incident was orderly and has ended, the last one not long ago, all of the same role."""
    exits = [f for f in incident.findings if f.symptom == "exited" and f.component != finding.component]
    if not exits or finding.component is None or not all(_orderly(f) and f.component is not None for f in exits):
        return False
    same = all(role_of(f.component or "") is role_of(finding.component) for f in exits)
    ends = [f.cleared for f in exits]
    return same and all(e is not None and 0 <= finding.onset - e <= ROLL_S for e in ends)


def _lost_leader(incident: _Open, finding: Finding) -> bool:
    """It is of the member that led when PD's leader was lost: once there is a new one, the old one is told by name."""
    return any(f.symptom == "leader-lost" and f.attrs.get("leader") == finding.component for f in incident.findings)


def _led_to(incident: _Open, finding: Finding) -> bool:
    about_pd = any(role_of(c) is Role.PD or c == "pd" for c in incident.components)
    recent = incident.over is None or finding.onset - incident.over < LEADER_SETTLES_S
    return recent and (about_pd or _lost_leader(incident, finding))


def _adopts(incident: _Open, finding: Finding) -> bool:
    """Whether an incident that has no place yet may be this component's."""
    if incident.components or finding.component is None or finding.onset - incident.began > ADOPT_S:
        return False
    if any(f.symptom == "leader-lost" for f in incident.findings):
        return role_of(finding.component) is Role.PD
    return True
