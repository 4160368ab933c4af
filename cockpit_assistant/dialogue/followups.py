"""What a sentence means after another: 再高一点, 副驾也是, 不对，是后排, "turn it back on".

Pure functions from the clause before and the one just said to the clause that is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..events import Clause, Entity
from ..vehicle.model import VehicleModel


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


def without_slips(clauses: tuple[Clause, ...], model: VehicleModel) -> tuple[Clause, ...]:
    """Clauses without what the speaker took back in the same breath: 打开天窗，不对，打开车窗."""
    for index in range(len(clauses) - 1, 0, -1):
        takes_back = clauses[index - 1].intent in ("deny", "cancel")
        if takes_back and clauses[index].intent in model.intents:
            return clauses[index:]
    return clauses


def gone_on(before: Clause, said: Clause, model: VehicleModel) -> Clause | None:
    """The command before elsewhere (`also_there`), or so much `more` or `less` of it; None if there is no such."""
    zones = _zones(said, model)
    if said.intent == "also_there":
        kept = tuple(entity for entity in before.entities if entity.entity != model.zone_entity)
        return replace(before, text=said.text, entities=kept + zones)
    intent = model.onward(before.intent, said.intent)
    if intent is None:
        return None
    return Clause(said.text, intent, said.confidence, zones or _zones(before, model), said.start)


def switched(before: Clause, said: Clause, model: VehicleModel) -> Clause | None:
    """The command that switches what was talked about on or off; None if it can't be switched."""
    intent = model.switch(before.intent, on=said.intent == "switch_back_on")
    if intent is None:
        return None
    zones = _zones(said, model) or _zones(before, model)
    others = before.entities if intent == before.intent else ()
    kept = tuple(entity for entity in others if entity.entity != model.zone_entity)
    return Clause(said.text, intent, said.confidence, (*kept, *zones), said.start)


def corrected(before: Clause, said: Clause) -> Clause | None:
    """The command before with the entities that were said now in place of its own; None if none was."""
    if not said.entities:
        return None
    names = {entity.entity for entity in said.entities}
    kept = tuple(entity for entity in before.entities if entity.entity not in names)
    return replace(before, text=said.text, entities=kept + said.entities)


def _zones(clause: Clause, model: VehicleModel) -> tuple[Entity, ...]:
    return tuple(entity for entity in clause.entities if entity.entity == model.zone_entity)
