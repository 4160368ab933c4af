"""What in safety.yml can never happen: conditions no value passes, rules that fit nothing or change no verdict.

A rule that its author believes in and that never counts is a hole in what protects the driver, so each is told with
its line. Nothing is guessed: the values of every signal fall into few kinds that the file tells apart, and all
combinations of these are gone through, unknown values included.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, count, pairwise

from ..events import Command, Seat, Value
from .document import Document
from .model import VehicleModel
from .safety import Comparison, Condition, Safety, SafetyRule, places, strictest
from .signals import INTEGERS, Signal

Fit = frozenset[int]
"""The rules of an actuator, by their numbers, that fit one command in one situation."""

Hazards = frozenset[str]
"""The states that hold in one situation."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Everything that can come of an actuator's rules."""

    known: frozenset[Fit]
    """Which rules may fit together while every signal is known."""
    any: frozenset[Fit]
    """The same, with signals that were never seen or are too old, whose states hold."""
    hazards: frozenset[Hazards]
    """Which states may hold together while every signal is known."""


def unreachable(document: Document, safety: Safety, model: VehicleModel) -> Iterator[str]:
    """One sentence for each part of a safety.yml that never counts, with its line and the remedy.

    Args:
        document: the file, for the lines.
        safety: what it says, loaded.
        model: the car.
    """
    impossible = set()
    for name, state in safety.states.items():
        never = [index for index, condition in enumerate(state.any) if _never_holds(condition, model)]
        if len(never) == len(state.any):
            impossible.add(name)
        for index in never:
            signal = state.any[index].signal
            wrong = f"{signal} is never {_worded(state.any[index])}{_range(model.signals[signal])}"
            remedy = "so this holds only while it is unknown. Correct the value, or remove the condition."
            yield str(document.error(("states", name, "any", index), f"{wrong}, {remedy}"))
        if not any(name in rule.when for rules in safety.rules.values() for rule in rules):
            yield str(document.error(("states", name), "no rule has it in its `when`. Add it there, or remove it."))
    found: dict[tuple[str, int], str] = {}
    for name, rules in safety.rules.items():
        lines = [document.line("signals", name, index) for index in range(len(rules))]
        for index, wrong in _without_effect(name, rules, lines, impossible, safety, model):
            found[name, index] = str(document.error(("signals", name, index), wrong))
    yield from _once_each(document, safety, found)


def _once_each(document: Document, safety: Safety, found: dict[tuple[str, int], str]) -> Iterator[str]:
    """A rule that several signals share by a YAML alias is a mistake if it counts for none of them."""
    shared: dict[int, list[tuple[str, int]]] = defaultdict(list)
    written = document.data["signals"]
    assert isinstance(written, dict)
    for name, rules in safety.rules.items():
        for index in range(len(rules)):
            shared[id(written[name][index])].append((name, index))
    for places_of_rule in shared.values():
        if all(place in found for place in places_of_rule):
            yield found[places_of_rule[0]]


# --- rules -----------------------------------------------------------------------------------------------------


def outcomes(name: str, safety: Safety, model: VehicleModel) -> Outcomes:
    """Which rules of a signal may fit together: every command, by everyone, in every situation."""
    rules, signal = safety.rules[name], model.signals[name]
    values = samples(signal, [rule.value for rule in rules if rule.value])
    known: set[Fit] = set()
    every: set[Fit] = set()
    hazards: set[Hazards] = set()
    for path, seats in signal.paths.items():
        commands = (Command(path, value, seat=seat) for seat in model.zones for value in values)
        concerned = {
            frozenset(index for index, rule in enumerate(rules) if safety.concerns(rule, command, seats))
            for command in commands
        }
        while_known = _situations(rules, seats, safety, model, unknown=False)
        hazards |= while_known
        known |= _fits(rules, concerned, while_known)
        every |= _fits(rules, concerned, _situations(rules, seats, safety, model, unknown=True))
    return Outcomes(frozenset(known), frozenset(every), frozenset(hazards))


def _fits(rules: Sequence[SafetyRule], concerned: Iterable[Fit], situations: Iterable[Hazards]) -> set[Fit]:
    situations = list(situations)
    return {
        frozenset(index for index in about if hazards.issuperset(rules[index].when))
        for about in concerned
        for hazards in situations
    }


def _situations(
    rules: Sequence[SafetyRule], seats: tuple[Seat, ...], safety: Safety, model: VehicleModel, *, unknown: bool
) -> set[Hazards]:
    """Which of the rules' states may hold together at an actuator; every signal by itself may have any value."""
    looked_at: dict[str, list[tuple[str, Condition]]] = defaultdict(list)
    for name in dict.fromkeys(name for rule in rules for name in rule.when):
        for condition in safety.states[name].any:
            for path in places(model.signals[condition.signal], seats):
                looked_at[path].append((name, condition))
    together: set[Hazards] = {frozenset()}
    for conditions in looked_at.values():
        signal = model.signals[conditions[0][1].signal]
        here = {
            frozenset(name for name, condition in conditions if condition.holds(value))
            for value in samples(signal, [condition for _, condition in conditions])
        }
        if unknown:
            here.add(frozenset(name for name, _ in conditions))
        together = {before | now for before in together for now in here}
    return together


def _without_effect(
    name: str,
    rules: Sequence[SafetyRule],
    lines: Sequence[int],
    impossible: set[str],
    safety: Safety,
    model: VehicleModel,
) -> Iterator[tuple[int, str]]:
    """The rules that never fit, fit only what isn't known, or change no verdict, with what is wrong."""
    possible = outcomes(name, safety, model)
    kept = set(range(len(rules)))
    silent = []
    for index in reversed(range(len(rules))):  # of two that say the same, the later one is too many
        fits = [fit for fit in possible.any if index in fit]
        if not fits:
            yield index, f"it never fits: {_why_never(name, rules[index], model)}"
        elif not any(index in fit for fit in possible.known):
            if impossible.isdisjoint(rules[index].when):  # else its state has been told already
                yield index, _exclusive(rules[index].when, possible.hazards)
        elif all(_verdict(rules, fit, kept) == _verdict(rules, fit, kept - {index}) for fit in fits):
            silent.append(index)
        else:
            continue
        if not fits or index in silent:
            kept.discard(index)
    for index in silent:
        deciding = sorted({_deciding(rules, fit & kept) for fit in possible.any if index in fit})
        which = " and ".join(str(lines[other]) for other in deciding)
        told = f"the rule on line {which} decides" if len(deciding) == 1 else f"the rules on lines {which} decide"
        yield index, f"it changes nothing: where it fits, {told}. Narrow what decides, or remove this rule."


def _verdict(rules: Sequence[SafetyRule], fit: Fit, kept: set[int]) -> object:
    return strictest(rules[index] for index in sorted(fit & kept))


def _deciding(rules: Sequence[SafetyRule], fit: Iterable[int]) -> int:
    """The rule whose response is said."""
    reason = strictest(rules[index] for index in sorted(fit)).reason
    return min(index for index in fit if rules[index].verdict.reason == reason)


def _why_never(name: str, rule: SafetyRule, model: VehicleModel) -> str:
    signal = model.signals[name]
    if rule.value and not _passes(rule.value, signal):
        return f"{name} is never {_worded(rule.value)}{_range(signal)}. Correct `value`, or remove the rule."
    zones = ", ".join(signal.zones)
    return f"{name} isn't in {' or '.join(rule.zone)}, only in {zones}. Correct `zone`, or remove the rule."


def _exclusive(when: Sequence[str], situations: Iterable[Hazards]) -> str:
    situations = list(situations)
    pairs = (pair for pair in combinations(when, 2) if not any(hazards.issuperset(pair) for hazards in situations))
    names = " and ".join(next(pairs, when))
    return f"it fits only what isn't known: {names} never hold together. Correct the states, or remove the rule."


# --- values ----------------------------------------------------------------------------------------------------


def samples(signal: Signal, tests: Iterable[Comparison]) -> list[Value]:
    """Values of a signal that stand for all it can have: what the tests say of any, they say of one of these."""
    if signal.type == "boolean":
        return [True, False]
    named = [value for test in tests for value in _named(test)]
    if not signal.is_number:
        other = next(word for word in map(str, count()) if word not in named)
        return [*signal.allowed] or [*(value for value in named if isinstance(value, str)), other]
    ends = [signal.lowest, signal.highest, *(value for value in named if not isinstance(value, str))]
    marks = sorted({end for end in ends if math.isfinite(end)}) or [0.0]
    if signal.type in INTEGERS:
        around = [whole for mark in marks for whole in (math.floor(mark), math.ceil(mark))]
        found: list[Value] = [whole + step for whole in around for step in (-1, 0, 1)]
    else:
        found = [*marks, *((low + high) / 2 for low, high in pairwise(marks)), marks[0] - 1, marks[-1] + 1]
    return [value for value in dict.fromkeys(found) if not signal.misfit(value)]


def _named(test: Comparison) -> list[Value]:
    """The values that a test names."""
    written = (test.equals, test.differs, test.above, test.below, *(test.among or ()))
    return [value for value in written if value is not None]


def _passes(test: Comparison, signal: Signal) -> bool:
    return any(test.holds(value) for value in samples(signal, [test]))


def _never_holds(condition: Condition, model: VehicleModel) -> bool:
    return not _passes(condition, model.signals[condition.signal])


def _worded(test: Comparison) -> str:
    if test.above is not None:
        return f"above {test.above:g}"
    if test.below is not None:
        return f"below {test.below:g}"
    return f"other than {test.differs}"


def _range(signal: Signal) -> str:
    return f" ({signal.lowest:g}..{signal.highest:g})" if signal.is_number else ""
