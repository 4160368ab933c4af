"""`parse --explain`: how an utterance was understood, step by step, for people who tune a project."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from ..assembly import Project
from ..dialogue.followups import placed
from ..events import Clause, Decision, Entity, Language, Seat, Understanding
from ..nlu.interpreter import Reading, Verdict
from ..vehicle.mapping import resolve
from ..vehicle.state import VehicleState


def show(console: Console, project: Project, understanding: Understanding, decision: Decision, reply: str) -> None:
    """Print the way from the words to the route."""
    interpreter, state = project.interpreter, project.model.initial_state()
    text, language, speaker = understanding.text, understanding.language, understanding.seat
    console.print(f"[bold]{escape(text)}[/bold]  ({language}, {speaker})")
    console.print(f"  read as      {escape(interpreter.normalised(text)) or '[dim]nothing[/dim]'}")
    readings = interpreter.readings(text, language)
    meant = iter(placed([reading.clause for reading in readings if reading.clause], project.model))
    for number, reading in enumerate(readings, 1):
        _show_reading(console, number, reading)
        if reading.clause:
            for line in _consequences(project, next(meant), language, speaker, state):
                console.print(f"     → {escape(line)}")
    console.print(f"  route        [bold]{decision.route.value}[/bold]: {_why(readings, decision)}")
    console.print(f"  reply        {escape(reply)}")


def _show_reading(console: Console, number: int, reading: Reading) -> None:
    best, *others = reading.parsed.ranking
    console.print(f"  {number}. {escape(reading.text) or '[dim]no words[/dim]'}")
    then = ", ".join(f"{intent} {confidence:.2f}" for intent, confidence in others[:2])
    taken = "" if reading.verdict is Verdict.TAKEN else f"  [yellow]left out: {reading.verdict.value}[/yellow]"
    console.print(f"     intent    {best[0]} {best[1]:.2f}  [dim](then {then})[/dim]{taken}")
    for entity in reading.clause.entities if reading.clause else ():
        console.print(f"     {entity.entity:9} {_entity(entity)}")


def _entity(entity: Entity) -> str:
    shown = f"{escape(entity.text)} = {escape(str(entity.value))}"
    return (
        shown
        if entity.match is None
        else f"{shown}  [dim](name in the catalogue, sounds alike {entity.match:.2f})[/dim]"
    )


def _consequences(
    project: Project, clause: Clause, language: Language, speaker: Seat, state: VehicleState
) -> list[str]:
    resolution = resolve(clause, speaker, language, project.model, state)
    if resolution.problem:
        return [f"can't be done: {resolution.problem.response}"]
    if resolution.missing:
        return [f"asks for `{resolution.missing_entity}`: {resolution.missing}"]
    if resolution.readings:
        return [f"reads {path} = {value}" for _, path, value in resolution.readings]
    lines = []
    for command in resolution.commands:
        verdict = project.safety.judge(command, state, 0.0)
        lines.append(f"{command.path} = {command.value}   safety: {verdict.kind} {verdict.reason}".rstrip())
    return lines or ["nothing in the car: answered in words"]


def _why(readings: list[Reading], decision: Decision) -> str:
    said = ", ".join(dict.fromkeys(say.response for say in decision.say))
    if decision.commands:
        return f"{len(decision.commands)} set requests" + (f", and {said}" if said else "")
    if not any(reading.clause for reading in readings):
        return "no request that counts" if readings else "no words"
    return said or "answered in words"
