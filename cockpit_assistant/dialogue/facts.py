"""What a reply may say of a clause: the slots its responses are chosen and filled by.

`vehicle.mapping` gives the facts of the car (what was set to what, what was read); here they become the facts of
a sentence: for one seat or several, with a value worth saying or without.
"""

from __future__ import annotations

from ..events import Clause, Value
from ..vehicle.mapping import Resolution
from ..vehicle.model import VehicleModel
from ..vehicle.signals import Signal
from .wording import Slots


def facts(clause: Clause, resolution: Resolution, model: VehicleModel) -> Slots:
    """The slots for everything said about the clause.

    Besides the resolution's own: `scope` (one, several or all seats), `value` as people say it (a level's number,
    the colour's word), `has_value` (whether it is worth saying: one value, asked for or come to by a change, and
    not simply all or nothing), `thing`.
    """
    known: dict[str, Value] = {**dict(resolution.slots), "thing": resolution.thing}
    owners = [owner for command in resolution.commands if (owner := model.signal_at(command.path))]
    if owners:
        seats = {seat for _, _, where in owners for seat in where}
        known["scope"] = (
            "all" if not seats or seats == set(model.zones) else "one" if len(seats) == 1 else "several"
        )
        told = [command for command in resolution.commands if not isinstance(command.value, bool)]
        if told and (owner := model.signal_at(told[0].path)):
            known["value"] = _spoken_value(clause, owner[0], owner[1], told[0].value, model)
            known["has_value"] = (
                len({str(command.value) for command in told}) == 1
                and _was_meant(clause, model)
                and not _all_or_nothing(clause, owner[1], told[0].value)
            )
        else:
            known["has_value"] = False
    return tuple(known.items())


def _spoken_value(clause: Clause, name: str, signal: Signal, value: Value, model: VehicleModel) -> Value:
    if level := clause.first("level"):
        return level.value
    if value in signal.levels:
        return signal.levels.index(value) + 1
    for step in model.intents[clause.intent].steps:
        worded = step.set == name and step.to.values and not signal.is_number
        if worded and (said := clause.first(step.to.entity or "")):
            return said.text  # the colour's word, not #FF0000
    return value


def _was_meant(clause: Clause, model: VehicleModel) -> bool:
    """Whether the value was said, or follows from a change; not one that the car takes when nothing is said."""
    changes = any(step.to.change is not None for step in model.intents[clause.intent].steps)
    return changes or any(entity.entity != model.zone_entity for entity in clause.entities)


def _all_or_nothing(clause: Clause, signal: Signal, value: Value) -> bool:
    opens = signal.unit == "percent" and not signal.levels and clause.first("level") is None
    return opens and value in (signal.lowest, signal.highest) and signal.rate is not None
