"""Turns the tags at single tokens into entities, the way Rasa does.

BILOU tags (begin, inside, last, outside, unit) are first made consistent; then neighbouring tokens of one entity
are joined. Follows Rasa 3.6's `bilou_utils.ensure_consistent_bilou_tagging` and
`EntityExtractorMixin.convert_predictions_into_entities`, including what looks odd there, because a model was
tuned against that behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .tokens import Token

OUTSIDE = "O"
BEGIN, INSIDE, LAST, UNIT = "B-", "I-", "L-", "U-"
_PREFIXES = (BEGIN, INSIDE, LAST, UNIT)
_SPLIT_DEFAULT = "split_entities_by_comma"

Tagging = tuple[Sequence[str], Sequence[float]]
"""Tag and confidence at each token."""


@dataclass(frozen=True, slots=True)
class Span:
    """An entity in the text that was tagged."""

    entity: str
    start: int
    end: int
    role: str | None
    group: str | None
    confidence: float
    """The least of its tokens'."""


def prefix(tag: str) -> str:
    """`B-`, `I-`, `L-`, `U-`, or nothing."""
    return tag[:2] if tag[:2] in _PREFIXES else ""


def bare(tag: str) -> str:
    """The tag without its prefix."""
    return tag[2:] if tag[:2] in _PREFIXES else tag


def repaired(tags: Sequence[str], confidences: Sequence[float]) -> tuple[list[str], list[float]]:
    """Tags whose entities begin, go on and end as BILOU wants; a begun entity takes its most convincing label."""
    fixed, sure = list(tags), list(confidences)
    for first, tag in enumerate(fixed):
        if prefix(tag) != BEGIN:
            continue
        last = _end_of(first, fixed)
        labels = [bare(label) for label in fixed[first : last + 1]]
        label = labels[0]
        if any(other != label for other in labels):
            label, score = _best_label(labels, sure[first : last + 1])
            for position in range(first, last + 1):
                if bare(fixed[position]) != label:
                    sure[position] = round(score, 2)
        if last == first:
            fixed[first] = UNIT + label
        else:
            fixed[first] = BEGIN + label
            fixed[first + 1 : last] = [INSIDE + label] * (last - first - 1)
            fixed[last] = LAST + label
    return fixed, sure


def _end_of(first: int, tags: Sequence[str]) -> int:
    position = first + 1
    while position < len(tags) and prefix(tags[position]) == INSIDE:
        position += 1
    closed = position < len(tags) and prefix(tags[position]) == LAST
    return position if closed else position - 1


def _best_label(labels: Sequence[str], confidences: Sequence[float]) -> tuple[str, float]:
    """The label with the best harmonic mean of mean confidence and share of the tokens; the first of equals."""
    scores: dict[str, float] = {}
    for label in labels:
        own = [sure for other, sure in zip(labels, confidences, strict=True) if other == label]
        mean, share = round(sum(own) / len(own), 2), round(len(own) / len(labels), 2)
        scores[label] = 2 * mean * share / (mean + share)
    return max(scores.items(), key=lambda item: item[1])


def spans(
    tokens: Sequence[Token], taggings: Mapping[str, Tagging], bilou: bool, split_entities: Mapping[str, bool]
) -> list[Span]:
    """The entities in a tagged text.

    Args:
        tokens: of the text.
        taggings: by kind of tagger: entity, role, group.
        bilou: whether tags carry prefixes.
        split_entities: whether an entity is cut where its tokens stand two or three characters apart, by entity.
    """
    if "entity" not in taggings:
        return []
    consistent = {kind: repaired(*tagging) if bilou else tagging for kind, tagging in taggings.items()}
    tags, confidences = consistent["entity"]
    nothing = [OUTSIDE] * len(tokens)
    roles = consistent.get("role", (nothing, ()))[0]
    groups = consistent.get("group", (nothing, ()))[0]
    found: list[Span] = []
    last_tag, last_role, last_group, last_end = OUTSIDE, OUTSIDE, OUTSIDE, -1
    for index, token in enumerate(tokens):
        tag, role, group = tags[index], bare(roles[index]), bare(groups[index])
        if tag == OUTSIDE:
            last_tag, last_end = OUTSIDE, token.end
            continue
        begins = _begins(tag, last_tag) or (role, group) != (last_role, last_group)
        near = token.start - last_end <= 1
        reachable = token.start - last_end <= 3 and not split_entities.get(
            bare(tag), split_entities.get(_SPLIT_DEFAULT, True)
        )
        if begins or not (near or reachable):
            found.append(
                Span(
                    bare(tag),
                    token.start,
                    token.end,
                    None if role == OUTSIDE else role,
                    None if group == OUTSIDE else group,
                    confidences[index],
                )
            )
        else:
            open_span = found[-1]
            found[-1] = Span(
                open_span.entity,
                open_span.start,
                token.end,
                open_span.role,
                open_span.group,
                min(open_span.confidence, confidences[index]),
            )
        last_tag, last_role, last_group, last_end = tag, role, group, token.end
    return found


def _begins(tag: str, last: str) -> bool:
    if not prefix(tag):
        return tag != last
    return last == OUTSIDE or prefix(tag) == UNIT or (tag != last and prefix(tag) == BEGIN)
