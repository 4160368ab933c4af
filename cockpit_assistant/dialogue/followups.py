"""What a sentence means after another: 再高一点, 副驾也是, 不对，是后排, "turn it back on".

Pure functions from the clause before and the one just said to the clause that is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..events import Clause, Entity, Language, Value
from ..nlu.values import number_in
from ..vehicle.mapping import Resolution
from ..vehicle.model import VehicleModel
from .tracker import Task

NUMBERS = ("number", "percent")
"""Types of entities that a bare number can be."""

COURTESIES = frozenset({"greet", "thank", "goodbye", "stop", "sleep_assistant", "chat"})
"""Intents that mean nothing beside a request."""


def placed(clauses: Sequence[Clause], model: VehicleModel) -> tuple[Clause, ...]:
    """Clauses with the seat that was said once for several functions of it: 副驾温度二十度风量三档."""
    found: list[Clause] = []
    for clause in clauses:
        before, zone = found[-1] if found else None, model.zone_entity
        if before and not clause.first(zone) and model.in_one_place(before.intent, clause.intent):
            shared = tuple(entity for entity in before.entities if entity.entity == zone)
            clause = replace(clause, entities=(*clause.entities, *shared))
        found.append(clause)
    return tuple(found)


def without_slips(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Clauses without what the speaker took back in the same breath: 打开天窗，不对，打开车窗; 打开天窗，算了."""
    for index in range(len(clauses) - 1, -1, -1):
        if len(clauses) > 1 and _takes_back(clauses[index]):
            return clauses[index + 1 :] or clauses[index:]
    return clauses


def _takes_back(clause: Clause) -> bool:
    """不对, 算了, and 我说错了 where the right thing follows as a request of its own."""
    return clause.intent in ("deny", "cancel") or (clause.intent == "correct" and not clause.entities)


def without_courtesies(clauses: tuple[Clause, ...], pending: frozenset[str] | None) -> tuple[Clause, ...]:
    """Clauses without what is only said on the way to a request: 好了，开窗; "thanks, and turn it up".

    Where a yes is awaited (`pending`: the intents it would carry out), it is no courtesy, and its verb no request
    of its own: 对，打开吧.
    """
    if pending is not None and any(clause.intent == "affirm" for clause in clauses):
        clauses = tuple(clause for clause in clauses if clause.intent not in pending)
    idle = COURTESIES if pending is not None else COURTESIES | {"affirm"}
    requests = tuple(clause for clause in clauses if clause.intent not in idle)
    return requests or clauses


def gone_on(before: Clause, said: Clause, model: VehicleModel) -> Clause | None:
    """The command before elsewhere (`also_there`), or so much `more` or `less` of it; None if there is no such."""
    zones = _zones(said, model)
    if said.intent == "also_there":
        if not zones or not model.has_places(before.intent):
            return None
        kept = tuple(entity for entity in before.entities if entity.entity != model.zone_entity)
        return replace(before, text=said.text, entities=kept + zones)
    intent = model.onward(before.intent, said.intent)
    if intent is None:
        return None
    steering = model.steering(intent)
    kept = tuple(entity for entity in before.entities if entity.entity in steering)
    return Clause(said.text, intent, said.confidence, (*kept, *(zones or _zones(before, model))), said.start)


def alike(resolution: Resolution, task: Task, model: VehicleModel) -> Resolution:
    """A command elsewhere with the values of the one before: "same for her side" is the same, not as much more."""
    values: dict[str, set[Value]] = {}
    for command in task.commands:
        if owner := model.signal_at(command.path):
            values.setdefault(owner[0], set()).add(command.value)
    commands = []
    for command in resolution.commands:
        owner = model.signal_at(command.path)
        same = values.get(owner[0], set()) if owner else set()
        commands.append(replace(command, value=next(iter(same))) if len(same) == 1 else command)
    return replace(resolution, commands=tuple(commands))


def switched(before: Clause, said: Clause, model: VehicleModel) -> Clause | None:
    """The command that switches what was talked about on or off; None if it can't be switched."""
    intent = model.switch(before.intent, on=said.intent == "switch_back_on")
    if intent is None:
        return None
    zones = _zones(said, model) or _zones(before, model)
    others = before.entities if intent == before.intent else ()
    kept = tuple(entity for entity in others if entity.entity != model.zone_entity)
    return Clause(said.text, intent, said.confidence, (*kept, *zones), said.start)


def corrected(before: Clause, said: Clause, model: VehicleModel, language: Language) -> Clause | None:
    """The command before with what was said now in place of its own; None if nothing fits it.

    A bare number is meant for the number that the command takes: 不对，二十六.
    """
    entities = said.entities
    kinds = model.entity_types
    numeric = [name for name in model.values_of(before.intent) if kinds.get(name) in NUMBERS]
    heard = {entity.entity for entity in entities}
    part = any(kinds[name] == "percent" for name in heard & set(numeric))  # 一半 is no number beside its command
    if numeric and not part and all(kinds.get(name) in NUMBERS for name in heard):
        value = number_in(said.text, kinds[numeric[0]], language)
        if value is None and entities:  # a number all the same, understood as one of another kind
            value = entities[0].value
        if value is not None:
            entities = (Entity(numeric[0], value, said.start, said.start + len(said.text), said.text),)
    if not entities:
        return None
    names = {entity.entity for entity in entities}
    kept = tuple(entity for entity in before.entities if entity.entity not in names)
    return replace(before, text=said.text, entities=kept + entities)


def _zones(clause: Clause, model: VehicleModel) -> tuple[Entity, ...]:
    return tuple(entity for entity in clause.entities if entity.entity == model.zone_entity)
