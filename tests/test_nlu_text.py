import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_assistant.nlu.language import language_of
from cockpit_assistant.nlu.text import Normalizer, without_punctuation

NORMALIZED = Normalizer()


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("打開 空調，調到２４．５度！", "打开空调调到24.5度"),
        (" 打 开 空 调 ", "打开空调"),
        ("Turn on the A.C., please.", "Turn on the AC please"),
        ("麻烦您把空调打开", "麻烦你把空调打开"),
        ("It’s 24.5°C", "It's 24.5 degrees"),
        ("调到22℃", "调到22度"),
        ("twenty-two", "twenty two"),
        ("播放《晴天》", "播放晴天"),
        ("rock'n'roll 'quoted' 12:30", "rock'n'roll quoted 12:30"),
        ("。，！", ""),
    ],
)
def test_transcripts_become_what_the_network_was_trained_on(said: str, read: str) -> None:
    assert without_punctuation(NORMALIZED(said)).text == read


def test_positions_lead_back_to_the_words_as_they_were_said() -> None:
    said = "請打開  副駕車窗。"
    normal = without_punctuation(NORMALIZED(said))
    start = normal.text.index("副驾")
    first, last = normal.span(start, start + 2)
    assert said[first:last] == "副駕"


@given(st.text(max_size=80))
def test_every_character_of_any_text_knows_where_it_came_from(said: str) -> None:
    for normal in (NORMALIZED(said), without_punctuation(NORMALIZED(said))):
        assert len(normal.text) == len(normal.origins)
        assert all(0 <= origin < len(said) for origin in normal.origins)
        assert list(normal.origins) == sorted(normal.origins)
        assert normal.text == normal.text.strip()


@given(st.text("打开空调 ab,.。，!'-1°C", max_size=30))
def test_normalising_twice_changes_nothing_more(said: str) -> None:
    once = without_punctuation(NORMALIZED(said)).text
    assert without_punctuation(NORMALIZED(once)).text == once


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("打开空调", "zh"),
        ("open the window", "en"),
        ("播放Hello Kitty", "zh"),
        ("navigate to 外滩", "en"),
        ("KTV怎么走啊", "zh"),
        ("24", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_told_by_the_words(text: str, language: str) -> None:
    assert language_of(text, "en") == language
