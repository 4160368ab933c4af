import pytest

from cockpit_assistant.nlu.catalogue import Catalogue
from cockpit_assistant.nlu.entities import EntityReader
from cockpit_assistant.nlu.parser import ParsedEntity
from cockpit_assistant.nlu.text import Text

READER = EntityReader(
    Catalogue({"artist": ("李克勤", "Art"), "song": ("红日", "西海情歌", "红", "In the End"), "colour": ("red",)}),
    {"degrees": "number", "zone": "zone"},
    {"红": "red", "红色": "red", "副驾": "passenger", "主驾": "driver"},
    {"scene": frozenset({"car_wash"})},
)


def read(text: str, *pieces: tuple[str, str]) -> list[tuple[str, object, str]]:
    """Entities (entity, value, words) that come out of pieces (entity, words) found in a text."""
    found = []
    position = 0
    for entity, words in pieces:
        position = text.index(words, position)
        synonym = {"红": "red", "红色": "red", "副驾": "passenger", "主驾": "driver"}.get(words, words)
        found.append(ParsedEntity(entity, synonym, position, position + len(words), None, None, 1.0))
        position += len(words)
    clause = Text(text, tuple(range(len(text))))
    entities = READER.entities(found, clause, text, "zh")
    assert all(text[entity.start : entity.end] == entity.text for entity in entities)
    return [(entity.entity, entity.value, entity.text) for entity in entities]


def test_a_piece_of_a_listed_name_grows_to_the_whole_name() -> None:
    assert read("点一首李克勤的歌", ("artist", "李")) == [("artist", "李克勤", "李克勤")]


def test_a_grown_name_takes_over_what_lies_in_it() -> None:
    assert read("放西海情歌", ("song", "西海"), ("genre", "情歌")) == [("song", "西海情歌", "西海情歌")]


def test_a_name_does_not_grow_out_of_the_middle_of_a_word() -> None:
    assert read("win the ender", ("song", "the")) == [("song", "the", "the")]


def test_numbers_side_by_side_are_one_number() -> None:
    assert read("sixty nine degrees", ("degrees", "sixty"), ("degrees", "nine")) == [("degrees", 69, "sixty nine")]


def test_zones_side_by_side_stay_two() -> None:
    assert [value for _, value, _ in read("主驾副驾", ("zone", "主驾"), ("zone", "副驾"))] == [
        "driver",
        "passenger",
    ]


def test_a_zone_in_its_own_name_is_that_zone() -> None:
    assert read("open the driver window", ("zone", "driver")) == [("zone", "driver", "driver")]


def test_a_number_that_is_none_is_dropped() -> None:
    assert read("升高怼度", ("degrees", "怼")) == []


@pytest.mark.parametrize(("entity", "value"), [("song", "红"), ("colour", "red")])
def test_a_synonym_does_not_reach_into_names_of_another_kind(entity: str, value: str) -> None:
    assert read("红", (entity, "红")) == [(entity, value, "红")]
