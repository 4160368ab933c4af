import pytest

from cockpit_assistant.nlu.catalogue import Catalogue, Match

CATALOGUE = Catalogue(
    {
        "artist": ("周杰伦", "林俊杰", "Taylor Swift", "Coldplay", "邓紫棋"),
        "place": ("人民广场", "虹桥机场", "虹桥火车站"),
        "contact": ("张伟", "章威", "John Smith"),
    }
)


@pytest.mark.parametrize(
    ("entity", "heard", "meant"),
    [
        ("artist", "周结伦", "周杰伦"),
        ("artist", "邓子琪", "邓紫棋"),
        ("artist", "tailor swift", "Taylor Swift"),
        ("artist", "cold play", "Coldplay"),
        ("artist", "TAYLOR SWIFT", "Taylor Swift"),
        ("place", "虹桥鸡场", "虹桥机场"),
        ("contact", "jon smith", "John Smith"),
    ],
)
def test_a_name_that_sounds_like_one_entry_is_that_entry(entity: str, heard: str, meant: str) -> None:
    match = CATALOGUE.match(entity, heard)
    assert match is not None
    assert match.name == meant


def test_what_was_heard_exactly_scores_one() -> None:
    assert CATALOGUE.match("contact", "张伟") == Match("张伟", 1.0)


def test_a_name_between_two_entries_is_left_alone() -> None:
    assert CATALOGUE.match("contact", "张威") is None


@pytest.mark.parametrize(
    ("entity", "heard"), [("artist", "陈奕迅"), ("place", "故宫"), ("song", "周结伦"), ("artist", "")]
)
def test_names_unlike_any_entry_are_left_alone(entity: str, heard: str) -> None:
    assert CATALOGUE.match(entity, heard) is None
