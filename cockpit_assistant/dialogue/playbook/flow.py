"""Runs a project's rules, stories and forms: what is said goes in, what to say, ask and do comes out.

A `Playbook` is what a project's files say, compiled once. A `Flow` is one conversation by it, for one seat:

    flow.hear("order_coffee", entities, text)
    for step in flow.steps():
        ...  # Utterance, Run or Ask; until it listens again

Custom actions are the caller's: while it handles a `Run` it may set slots, and what comes next sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ...errors import ProjectError
from ...events import Entity
from ..domain import Domain
from .forms import Validate, asked_with, cancelled, fill_from_words, run
from .policies import Policies
from .predictions import Prediction
from .slots import REQUESTED_SLOT, SlotValue
from .states import (
    LISTEN,
    Acted,
    Conversation,
    Event,
    Heard,
    Interrupted,
    LoopSet,
    Rejected,
    Reverted,
    SlotSet,
    applied_events,
)
from .stories import training_stories

MOST_ACTIONS = 10
"""Actions in one turn, as many as Rasa's circuit breaker lets through: rules may lead in a circle."""

MEMORY = 200
"""Events of a conversation that are kept at least; twice as many and the beginning is dropped."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A response of domain.yml is to be said."""

    response: str


@dataclass(frozen=True, slots=True)
class Run:
    """A custom action is to be run, or `action_default_fallback`: nothing fits what was said."""

    action: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A form asks for a slot."""

    form: str
    slot: str
    response: str
    """The response that asks; a custom action where the project has an `action_ask_…` for it."""


Step: TypeAlias = Utterance | Run | Ask


@dataclass(frozen=True, slots=True)
class Playbook:
    """What a project says about how conversations go."""

    domain: Domain
    policies: Policies

    @classmethod
    def load(cls, project: Path, domain: Domain | None = None) -> Playbook:
        """Compile a Rasa project's config.yml, domain.yml and everything under `data/`.

        Args:
            project: The project's folder.
            domain: Its domain, where it has been read already.

        Raises:
            ProjectError: a file is malformed, names something unknown, contradicts another or needs what can't run
                on board; names file and line.
        """
        domain = domain or Domain.load(project)
        for form in domain.forms.values():
            for slot in form.required:
                if asked_with(domain, form.name, slot) is None:
                    raise ProjectError(
                        f"{project / 'domain.yml'}: form {form.name} has nothing to ask for {slot} with. "
                        f"Add the response utter_ask_{form.name}_{slot} or utter_ask_{slot}."
                    )
        stories = training_stories(project, domain)
        return cls(domain, Policies.learn(project / "config.yml", domain, stories))


class Flow:
    """A conversation that follows a playbook."""

    def __init__(self, playbook: Playbook, validate: Validate | None = None) -> None:
        """Begin a conversation; `validate` decides about values for a form's slots."""
        self._playbook = playbook
        self._validate = validate
        self.restart()

    @property
    def slots(self) -> Mapping[str, SlotValue]:
        """The slots that are set."""
        return {name: value for name, value in self._conversation.slots.items() if name != REQUESTED_SLOT}

    @property
    def active_form(self) -> str | None:
        """The form that is being filled."""
        return self._conversation.active_form

    @property
    def requested_slot(self) -> str | None:
        """The slot that the active form has asked for."""
        slot = self._conversation.slots.get(REQUESTED_SLOT) if self.active_form else None
        return str(slot) if slot else None

    @property
    def takes_words(self) -> bool:
        """Whether the active form waits for something that any words may be."""
        slot = self._playbook.domain.slots.get(self.requested_slot or "")
        return slot is not None and any(mapping.source == "from_text" for mapping in slot.mappings)

    def hear(self, intent: str, entities: Sequence[Entity] = (), text: str = "") -> None:
        """Take in what the user said; its entities fill slots at once."""
        conversation = self._conversation
        if conversation.action != LISTEN:  # the turn before wasn't followed to its end
            conversation.update(Acted(LISTEN))
        self._forget_beginning()
        self._conversation.update(Heard(intent, tuple(entities), text))
        for event in list(fill_from_words(self._conversation)):
            self._conversation.update(event)

    def steps(self) -> Iterator[Step]:
        """What follows, until the assistant listens again."""
        for _ in range(MOST_ACTIONS):
            if self._conversation.opening:
                break
            prediction = self._playbook.policies.predict(self._conversation)
            if prediction.action == LISTEN:
                self._conversation.update(Acted(LISTEN, hidden=prediction.hidden))
                return
            yield from self._act(prediction)
            if self._conversation.heard is None and not self._conversation.opening:
                return  # it has been restarted
        if self._conversation.action != LISTEN:
            self._conversation.update(Acted(LISTEN))

    def set_slot(self, slot: str, value: SlotValue | None) -> None:
        """Set a slot, or with None empty it. Raises ProjectError if domain.yml has no such slot."""
        if slot not in self._playbook.domain.slots:
            raise ProjectError(f"domain.yml has no slot `{slot}`. Declare it there.")
        self._conversation.update(SlotSet(slot, value))

    def cancel_form(self) -> None:
        """Leave the active form and empty its slots."""
        for event in list(cancelled(self._conversation)):
            self._conversation.update(event)

    def restart(self) -> None:
        """Begin anew, with every slot as domain.yml has it."""
        self._begin({})

    def _begin(self, slots: Mapping[str, SlotValue]) -> None:
        self._conversation = Conversation(self._playbook.domain)
        for slot, value in slots.items():
            self._conversation.update(SlotSet(slot, value))
        self._conversation.update(Acted(LISTEN))

    def _act(self, prediction: Prediction) -> Iterator[Step]:
        action, conversation = prediction.action, self._conversation
        domain = self._playbook.domain
        if action in domain.forms:
            yield from self._run_form(prediction)
            return
        self._acted(prediction)
        match action:
            case "action_default_fallback":
                yield Run(action)
                conversation.update(Reverted())
            case "action_back":
                yield from self._if_there("utter_back")
                conversation.update(Reverted())
                conversation.update(Reverted())
            case "action_restart":
                yield from self._if_there("utter_restart")
                self.restart()
            case "action_session_start":
                self._begin(conversation.slots)
            case "action_deactivate_loop":
                conversation.update(LoopSet(None))
                conversation.update(SlotSet(REQUESTED_SLOT, None))
            case _ if action.startswith("utter_"):
                yield Utterance(action)
            case _:
                yield Run(action)

    def _run_form(self, prediction: Prediction) -> Iterator[Step]:
        conversation, domain = self._conversation, self._playbook.domain
        form = domain.forms[prediction.action]
        # The form looks at the conversation as it was before its action.
        conversation.interrupted = conversation.interrupted or (
            prediction.interrupted and conversation.form is not None
        )
        turn = run(conversation, form, self._validate)
        if turn is None:
            conversation.update(Rejected(form.name))
            return
        self._acted(prediction)
        for event in turn.events:
            conversation.update(event)
        if turn.asks:
            yield Ask(form.name, turn.asks, asked_with(domain, form.name, turn.asks) or "")

    def _acted(self, prediction: Prediction) -> None:
        if prediction.interrupted:
            self._conversation.update(Interrupted())
        self._conversation.update(Acted(prediction.action, hidden=prediction.hidden))

    def _if_there(self, response: str) -> Iterator[Step]:
        if response in self._playbook.domain.responses:
            yield Utterance(response)

    def _forget_beginning(self) -> None:
        """Keep a long drive's conversation short; slots and an active form stay as they are."""
        events = self._conversation.events
        kept = max(MEMORY, 4 * self._playbook.policies.reach)
        if len(events) < 2 * kept:
            return
        applied = applied_events(events)
        early = enumerate(applied[:-kept])
        listens = [index for index, event in early if isinstance(event, Acted) and event.action == LISTEN]
        if not listens:
            return
        before = Conversation(self._playbook.domain)
        for event in applied[: listens[-1]]:
            before.update(event)
        shortened = Conversation(self._playbook.domain)
        for event in (*_summary(before), *applied[listens[-1] :]):
            shortened.update(event)
        self._conversation = shortened


def _summary(conversation: Conversation) -> Iterator[Event]:
    """A few events that lead to the same slots and form."""
    if conversation.heard:
        yield conversation.heard
    for name in conversation.domain.slots:
        yield SlotSet(name, conversation.slots.get(name))
    if requested := conversation.slots.get(REQUESTED_SLOT):
        yield SlotSet(REQUESTED_SLOT, requested)
    if conversation.form:
        yield LoopSet(conversation.form)
    yield Acted(conversation.action or LISTEN)
