"""What happened on a chaotic drive, in order, and the rules that must hold whatever happened.

The ledger is filled by witnesses at both ends (see `witnesses`); it trusts neither the gateway nor the dialogue.
The rules are a pure function over its entries, so that a forged ledger shows that they notice.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal, TypeAlias

from cockpit_assistant.events import Value
from cockpit_assistant.vehicle.requests import SUPERSEDED

TWINS = "told of a twin's outcome"
"""The rule that is broken when of two requests for the same, one is told of by what became of the other."""

TAKEN_BACK = "refusal taken back"
"""The rule that is broken when a request that was rejected is accepted when it comes again."""

RequestKey = tuple[str, str]
"""Source and request id."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The dialogue has set an errand going; the commands of its tasks follow, in order, as Sent or Unsent."""

    errand: int
    tasks: tuple[int, ...]
    """How many commands each has."""
    quiet: frozenset[int] = frozenset()
    """The tasks of whose success nothing is to be said."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A set request has gone out."""

    request: str
    shown_at: str
    """The path that shows its target."""
    target: Value
    begun: int
    """How many entries there were before it was decided on."""
    at: float
    errand: int | None = None


@dataclass(frozen=True, slots=True)
class Unsent:
    """A command that was given with no connection or no vehicle."""

    request: str
    errand: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What the bus said had become of a request."""

    request: str
    outcome: str
    """`confirmed`, or the failure."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A set request has reached the vehicle."""

    key: RequestKey
    retained: bool
    life: int
    """Counts the vehicle's processes: a later one remembers nothing of what an earlier one answered."""


@dataclass(frozen=True, slots=True)
class Acted:
    """An actuator has set out because of the request that was just delivered."""

    key: RequestKey
    path: str
    retained: bool
    wall: datetime
    """The vehicle's own clock."""
    expires: datetime
    at: float
    life: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The vehicle has answered a request."""

    request: str
    status: str
    life: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A signal of the vehicle has a new true value."""

    path: str
    value: Value


@dataclass(frozen=True, slots=True)
class Told:
    """The dialogue has reported on a task."""

    errand: int
    task: int
    what: Literal["done", "started", "failed", "nothing"]
    words: str


@dataclass(frozen=True, slots=True)
class Calm:
    """All disturbances were ended, and some time was given."""

    settled: bool
    """Whether the dialogue waits for nothing any more."""
    online: bool
    """Whether the vehicle could be reached again by itself."""
    obeyed: bool
    """Whether a simple command was confirmed."""
    seen: str = ""
    """What may explain it."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """A thread of the product ended with an exception."""

    error: str


Entry: TypeAlias = Decided | Sent | Unsent | Ended | Delivered | Acted | Answered | Shown | Told | Calm | Crashed


class Ledger:
    """Entries in the order in which they happened, from all threads."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._lock = threading.Lock()
        self._truth: dict[str, Value] = {}

    def add(self, entry: Entry) -> None:
        """Write down."""
        with self._lock:
            if isinstance(entry, Shown):
                if self._truth.get(entry.path) == entry.value:
                    return
                self._truth[entry.path] = entry.value
            self.entries.append(entry)

    def __len__(self) -> int:
        return len(self.entries)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken, and by what."""

    rule: str
    what: str


Reaches = Callable[[str, Value, Value | None], bool]
"""Whether at a path, a target counts as reached by a value."""


def violations(entries: Sequence[Entry], reaches: Reaches) -> list[Violation]:
    """Every breach of every rule; an empty list is a good drive."""
    return [
        *_late_or_retained(entries),
        *_twice(entries),
        *_answered_otherwise(entries),
        *_without_one_outcome(entries),
        *_untold(entries),
        *_claimed(entries, reaches),
        *_seen_later(entries),
        *_no_recovery(entries),
    ]


def _late_or_retained(entries: Sequence[Entry]) -> list[Violation]:
    found = []
    for entry in entries:
        if isinstance(entry, Acted) and entry.wall >= entry.expires:
            found.append(Violation("acts after expiry", f"{entry.path} {(entry.wall - entry.expires)} late"))
        if isinstance(entry, Acted) and entry.retained:
            found.append(Violation("acts on a retained request", entry.path))
    return found


def _twice(entries: Sequence[Entry]) -> list[Violation]:
    acts = Counter(entry.key for entry in entries if isinstance(entry, Acted))
    lives = defaultdict(set)
    for entry in entries:
        if isinstance(entry, Acted):
            lives[entry.key].add(entry.life)
    return [
        Violation("acts twice", f"{key}: {count} times in {len(lives[key])} lives of the vehicle")
        for key, count in acts.items()
        if count > 1
    ]


def _answered_otherwise(entries: Sequence[Entry]) -> list[Violation]:
    """A request that comes again gets the answer it had; from a vehicle that has forgotten it, a refusal."""
    first: dict[tuple[str, int], str] = {}
    accepted: dict[str, int] = {}
    found = []
    for entry in entries:
        if not isinstance(entry, Answered):
            continue
        known = first.setdefault((entry.request, entry.life), entry.status)
        if known != entry.status:
            rule = TAKEN_BACK if (known, entry.status) == ("rejected", "accepted") else "another answer"
            found.append(Violation(rule, f"{entry.request}: {known}, then {entry.status}"))
        if entry.status == "accepted" and accepted.setdefault(entry.request, entry.life) != entry.life:
            found.append(Violation("another answer", f"{entry.request}: accepted again after a restart"))
    return found


def _without_one_outcome(entries: Sequence[Entry]) -> list[Violation]:
    ended = Counter(entry.request for entry in entries if isinstance(entry, Ended))
    sent = {entry.request for entry in entries if isinstance(entry, Sent)}
    found = [Violation("not one outcome", f"{one}: {ended[one]}") for one in sent if ended[one] != 1]
    return found + [Violation("outcome of nothing", one) for one in ended.keys() - sent]


def _requests_of(entries: Sequence[Entry]) -> dict[tuple[int, int], list[str]]:
    """The requests of each task of each errand."""
    given: dict[int, list[str]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry, (Sent, Unsent)) and entry.errand is not None:
            given[entry.errand].append(entry.request)
    tasks: dict[tuple[int, int], list[str]] = {}
    for entry in entries:
        if isinstance(entry, Decided):
            requests = iter(given[entry.errand])
            for task, count in enumerate(entry.tasks):
                tasks[entry.errand, task] = list(islice(requests, count))
    return tasks


def _twins(entries: Sequence[Entry]) -> set[str]:
    """Requests for the same that were under way at the same time."""
    under_way: dict[str, tuple[str, Value]] = {}
    twins: set[str] = set()
    for entry in entries:
        if isinstance(entry, Sent):
            aim = (entry.shown_at, entry.target)
            if same := {request for request, other in under_way.items() if other == aim}:
                twins |= {entry.request, *same}
            under_way[entry.request] = aim
        elif isinstance(entry, Ended):
            under_way.pop(entry.request, None)
    return twins


def _untold(entries: Sequence[Entry]) -> list[Violation]:
    """Every task is reported on once it has ended, and by what became of its own requests."""
    outcomes = {entry.request: entry for entry in entries if isinstance(entry, Ended)}
    unsent = {entry.request for entry in entries if isinstance(entry, Unsent)}
    quiet = {(entry.errand, task) for entry in entries if isinstance(entry, Decided) for task in entry.quiet}
    told: dict[tuple[int, int], list[str]] = defaultdict(list)
    twins = _twins(entries)
    found = []
    for entry in entries:
        if isinstance(entry, Told):
            told[entry.errand, entry.task].append(entry.what)
            if entry.what != "nothing" and not entry.words:
                found.append(Violation("told without words", f"task {entry.errand}.{entry.task}, {entry.what}"))
    for place, requests in _requests_of(entries).items():
        ends = [what for what in told[place] if what != "started"]
        name = f"task {place[0]}.{place[1]}"
        if len(ends) != 1:
            found.append(Violation("not told once", f"{name}: {', '.join(told[place]) or 'silence'}"))
            continue
        fates = [outcomes[request] for request in requests if request in outcomes]
        good = len(fates) == len(requests) and all(fate.outcome == "confirmed" for fate in fates)
        failed = [fate for fate in fates if fate.outcome != "confirmed"]
        superseded = bool(failed) and all(fate.reason == SUPERSEDED for fate in failed)
        spoken = "started" in told[place] or place in quiet
        wrong = ""
        if ends[0] == "nothing" and not (good and spoken) and not (superseded and not unsent & set(requests)):
            wrong = f"silence, {[(fate.outcome, fate.reason) for fate in fates]}"
        elif ends[0] == "failed" and good:
            wrong = "told as failed, was confirmed"
        elif ends[0] == "done" and not good:
            wrong = f"told as done, {[(fate.outcome, fate.reason) for fate in fates]}"
        if wrong:
            found.append(Violation(TWINS if twins & set(requests) else "told wrongly", f"{name}: {wrong}"))
    return found


def _claimed(entries: Sequence[Entry], reaches: Reaches) -> list[Violation]:
    """Success is claimed only of what was true at some time since it was decided on."""
    shown: dict[str, list[tuple[int, Value]]] = defaultdict(list)
    sent: dict[str, Sent] = {}
    tasks = _requests_of(entries)
    found = []

    def was_true(request: Sent) -> bool:
        earlier = [value for place, value in shown[request.shown_at] if place < request.begun]
        since = [value for place, value in shown[request.shown_at] if place >= request.begun]
        return any(reaches(request.shown_at, request.target, value) for value in (*earlier[-1:], *since))

    for place, entry in enumerate(entries):
        match entry:
            case Shown():
                shown[entry.path].append((place, entry.value))
            case Sent():
                sent[entry.request] = entry
            case Ended(outcome="confirmed") if entry.request in sent and not was_true(sent[entry.request]):
                request = sent[entry.request]
                present = [value for _, value in shown[request.shown_at]][-1:]
                text = f"{request.request}: {request.shown_at} was never {request.target!r}, is {present}"
                found.append(Violation("confirmed without state", text))
            case Told(what="done"):
                own = [sent.get(request) for request in tasks.get((entry.errand, entry.task), [])]
                if not all(request and was_true(request) for request in own):
                    text = f"task {entry.errand}.{entry.task}: {entry.words}"
                    found.append(Violation("success told without state", text))
            case _:
                pass
    return found


def _seen_later(entries: Sequence[Entry]) -> list[Violation]:
    unsent = {entry.request for entry in entries if isinstance(entry, Unsent)}
    seen = {entry.key[1] for entry in entries if isinstance(entry, Delivered)}
    return [Violation("queued while offline", request) for request in unsent & seen]


def _no_recovery(entries: Sequence[Entry]) -> list[Violation]:
    found = [Violation("crash", entry.error) for entry in entries if isinstance(entry, Crashed)]
    for entry in entries:
        if isinstance(entry, Calm):
            names = ("settled", "online", "obeyed")
            found += [
                Violation("no recovery", f"not {name} {entry.seen}".rstrip())
                for name in names
                if not getattr(entry, name)
            ]
    return found


@dataclass(frozen=True, slots=True)
class Tally:
    """A ledger in numbers."""

    commands: int
    outcomes: Counter[str]
    told: Counter[str]
    delivered_again: int
    """Set requests that reached the vehicle more than once."""
    late: int
    """Acts later than a request lives, in true time: the clocks disagreed by so much."""
    after_failure: Counter[str]
    """Acts after the bus had given the request up, by the failure it had told."""


def tally(entries: Sequence[Entry], life: float) -> Tally:
    """Count. `life` is how long a request is valid, in seconds."""
    sent = {entry.request: entry for entry in entries if isinstance(entry, Sent)}
    outcomes = Counter(entry.outcome for entry in entries if isinstance(entry, Ended))
    unsent = sum(isinstance(entry, Unsent) for entry in entries)
    outcomes["offline, unsent"] = unsent
    deliveries = Counter(entry.key for entry in entries if isinstance(entry, Delivered))
    late, after_failure, failed = 0, Counter[str](), dict[str, str]()
    for entry in entries:
        if isinstance(entry, Ended) and entry.outcome != "confirmed":
            failed[entry.request] = entry.outcome
        elif isinstance(entry, Acted) and (request := sent.get(entry.key[1])):
            late += entry.at - request.at > life
            if request.request in failed:
                after_failure[failed[request.request]] += 1
    return Tally(
        len(sent) + unsent,
        outcomes,
        Counter(entry.what for entry in entries if isinstance(entry, Told)),
        sum(count > 1 for count in deliveries.values()),
        late,
        after_failure,
    )
