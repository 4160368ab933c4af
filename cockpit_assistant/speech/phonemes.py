"""From text to the phonemes Kokoro was trained on, and from phonemes to its token numbers.

Mandarin goes through pypinyin and misaki's pinyin table, English through espeak-ng's IPA with the replacements
misaki makes for Kokoro. A sentence may mix both: Han characters are read in Mandarin, Latin letters in English,
digits and signs in the language of the sentence. misaki's own Mandarin front end cuts words with jieba, whose
dictionary takes 64 MB and 0.9 s to load; words are cut here by the phrase list that pypinyin has loaded anyway.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..events import Language
from .espeak import run_espeak

# Kokoro v1.0's vocabulary (config.json of hexgrad/Kokoro-82M, Apache-2.0): token numbers by first of a run.
_RUNS = (
    (1, ";:,.!?"), (9, '—…"()“” \u0303ʣʥʦʨᵝꭧA'), (25, "I"), (31, "O"), (33, "Q"), (35, "ST"), (39, "W"),
    (41, "Yᵊabcdef"), (50, "hijklmnopqrstuvwxyzɑɐɒæ"), (75, "βɔɕç"), (80, "ɖðʤə"), (85, "ɚɛɜ"), (90, "ɟ"),
    (92, "ɡ"), (99, "ɥ"), (101, "ɨɪʝ"), (110, "ɯɰŋɳɲɴø"), (118, "ɸθœ"), (123, "ɹ"), (125, "ɾɻ"), (128, "ʁɽʂʃʈʧ"),
    (135, "ʊʋ"), (138, "ʌɣɤ"), (142, "χʎ"), (147, "ʒʔ"), (156, "ˈˌː"), (162, "ʰ"), (164, "ʲ"), (169, "↓"),
    (171, "→↗↘"), (177, "ᵻ"),
)  # fmt: skip
VOCABULARY = {symbol: first + offset for first, run in _RUNS for offset, symbol in enumerate(run)}
"""Token number of each phoneme, sign and tone arrow Kokoro knows; 0 stands before and after a sentence."""

LONGEST = 510
"""Tokens Kokoro takes at a time."""

_HAN = "\u3400-\u9fff"
_WORD = r"[A-Za-z0-9À-ÿ$€£](?:[A-Za-z0-9À-ÿ'’%&+]|[./:@-](?=[A-Za-z0-9]))*"
_PIECE = re.compile(rf"[{_HAN}]+|{_WORD}(?:[ ]+{_WORD})*|[^{_HAN}A-Za-z0-9À-ÿ$€£]+")
_PUNCTUATION = str.maketrans({
    "、": ",", "，": ",", "。": ".", "．": ".", "！": "!", "？": "?", "：": ":", "；": ";", "（": "(", "）": ")",
    "《": "“", "》": "”", "「": "“", "」": "”", "【": "“", "】": "”", "～": "—", "·": " ", "’": "'", "‘": "'",
})  # fmt: skip
_UNITS_ZH = (
    (re.compile(r"(?<=[\d.])\s*(?:°C|℃|°)"), "度"),
    (re.compile(r"(?<=[\d.])\s*km/h", re.I), "公里每小时"),
    (re.compile(r"(?<=[\d.])\s*km(?![a-z])", re.I), "公里"),
    (re.compile(r"(?<=[\d.])\s*kWh", re.I), "千瓦时"),
    (re.compile(r"(?<=[\d.])\s*bar(?![a-z])", re.I), "巴"),
    (re.compile(r"(?<=[\d.])\s*kPa", re.I), "千帕"),
)
_UNITS_EN = (
    (re.compile(r"(?<=\d)\s*(?:°C|℃)"), " degrees"),
    (re.compile(r"(?<=\d)\s*°"), " degrees"),
    (re.compile(r"(?<=\d)\s*%"), " percent"),
    (re.compile(r"(?<=\d)\s*km/h", re.I), " kilometres per hour"),
    (re.compile(r"(?<=\d)\s*mph(?![a-z])", re.I), " miles per hour"),
    (re.compile(r"(?<=\d)\s*km(?![a-z])", re.I), " kilometres"),
    (re.compile(r"(?<=\d)\s*kWh", re.I), " kilowatt hours"),
    (re.compile(r"(?<=\d)\s*kPa", re.I), " kilopascals"),
    (re.compile(r"\b(\d{1,2}):00\b"), r"\1 o'clock"),
    (re.compile(r"\b(\d{1,2}):0(\d)\b"), r"\1 oh \2"),
    (re.compile(r"\b(\d{1,2}):(\d\d)\b"), r"\1 \2"),
    # telephone numbers, digit by digit
    (
        re.compile(r"(?<!\d)\d{7,}(?!\d)"),
        lambda found: ", ".join(" ".join(g) for g in _grouped(found.group())),
    ),
)
# misaki.espeak.EspeakFallback.E2M, which also says why each is needed; "^" ties two letters of one sound.
_IPA = (
    ("ʔˌn\u0329", "ʔn"), ("ʔn\u0329", "ʔn"), ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("t^ʃ", "ʧ"),
    ("ɔ^ɪ", "Y"), ("ə^l", "ᵊl"), ("ʲo", "jo"), ("ʲə", "jə"), ("e", "A"), ("ʲ", ""), ("ɚ", "əɹ"), ("r", "ɹ"),
    ("x", "k"), ("ç", "k"), ("ɐ", "ə"), ("ɬ", "l"), ("\u0303", ""),
)  # fmt: skip
_IPA_GB = (("e^ə", "ɛː"), ("iə", "ɪə"), ("ə^ʊ", "Q"))
_IPA_US = (("o^ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", ""))


def to_phonemes(text: str, language: Language, *, british: bool = False) -> str:
    """Kokoro's phonemes for a text; symbols outside its vocabulary are left out.

    Raises:
        ModelError: the text has Latin words and espeak-ng isn't installed.
    """
    text = _spell_numbers_zh(text) if language == "zh" else _spell_units_en(text)
    spoken = []
    for piece in _PIECE.findall(text.translate(_PUNCTUATION)):
        if re.match(rf"[{_HAN}]", piece):
            spoken.append(_mandarin(piece))
        elif re.match(_WORD, piece):
            # The space keeps a stressed English word from running into the syllable before it.
            spoken.append(f" {_english(piece, british)} ")
        else:
            spoken.append(piece)
    phonemes = "".join(symbol for symbol in "".join(spoken) if symbol in VOCABULARY)
    phonemes = re.sub(r"\s+", " ", phonemes)
    phonemes = re.sub(r" (?=[;:,.!?)”])", "", phonemes)
    return re.sub(r"(?<=[;:,.!?])(?=[^\s;:,.!?”)])", " ", phonemes).strip()


def to_tokens(phonemes: str) -> list[int]:
    """Token numbers, without the zeros around them."""
    return [VOCABULARY[symbol] for symbol in phonemes]


def sentences(text: str, longest: int = 30) -> list[str]:
    """Cut a text where a speaker would pause: at sentence ends, and at commas where a sentence is very long.

    `longest` counts Han characters; Latin letters count a third of one.
    """
    pieces = [
        piece.strip() for piece in re.findall(r"[^。！？!?.\n]*(?:\.(?=\S)[^。！？!?.\n]*)*[。！？!?.\n]*", text)
    ]
    cut: list[str] = []
    for piece in filter(None, pieces):
        if _weight(piece) <= longest:
            cut.append(piece)
            continue
        line = ""
        for part in re.findall(r"[^，、；,;：:]*[，、；,;：:]?\s*", piece):
            if line and _weight(line + part) > longest:
                cut.append(line.strip())
                line = ""
            line += part
        cut.append(line.strip())
    return [piece for piece in cut if any(character.isalnum() for character in piece)]


def _weight(text: str) -> float:
    han = len(re.findall(rf"[{_HAN}]", text))
    return han + (len(text) - han) / 3


def _grouped(digits: str) -> list[str]:
    """13812345678 → 138 1234 5678; others in fours from the end."""
    head = len(digits) % 4 or 4
    return [digits[:head], *(digits[at : at + 4] for at in range(head, len(digits), 4))]


# --- Mandarin --------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(?P<minus>(?<![\dA-Za-z])-)?(?P<number>\d+(?:\.\d+)?)(?P<percent>\s*[%％])?")
_COUNTED = re.compile(r"^\s*(?:个|公里|千米|度(?!电)|点|小时|分钟|格|首|位|次|遍|米|千瓦时|巴)")
_DIGITS = "零一二三四五六七八九"
_ALONE = {"调": "tiao2", "只": "zhi3", "得": "de5", "地": "de5", "着": "zhe5"}
"""How a character is read in a car when it stands as a word of its own and pypinyin's first choice is another."""


def _spell_numbers_zh(text: str) -> str:
    for pattern, words in _UNITS_ZH:
        text = pattern.sub(words, text)
    text = re.sub(r"(?<!\d)(\d{1,2}):00(?!\d)", r"\1点整", text)
    text = re.sub(r"(?<!\d)(\d{1,2}):0(\d)(?!\d)", r"\1点零\2分", text)
    text = re.sub(r"(?<!\d)(\d{1,2}):(\d\d)(?!\d)", r"\1点\2分", text)
    return _NUMBER.sub(lambda found: _number_zh(found, text), text)


def _number_zh(found: re.Match[str], text: str) -> str:
    import cn2an

    number, rest = found["number"], text[found.end() :]
    if "." not in number and (len(number) >= 7 or (len(number) > 1 and number[0] == "0")):
        # A telephone number: digit by digit, 1 as yāo.
        return "，".join("".join(_DIGITS[int(d)] for d in g) for g in _grouped(number)).replace("一", "幺")
    if len(number) == 4 and rest.startswith("年"):
        return "".join(_DIGITS[int(digit)] for digit in number)
    words = str(cn2an.an2cn(number)) if len(number) <= 12 else number
    if words == "二" and not found["minus"] and not found["percent"] and _COUNTED.match(rest):
        words = "两"
    if found["percent"]:
        words = f"百分之{words}"
    return ("零下" if rest.startswith("度") else "负") + words if found["minus"] else words


@lru_cache(maxsize=512)
def _mandarin(characters: str) -> str:
    from pypinyin import Style, lazy_pinyin
    from pypinyin.seg.mmseg import seg

    words = []
    for word in seg.cut(characters):
        syllables = (
            [_ALONE[word]] if word in _ALONE else lazy_pinyin(word, Style.TONE3, neutral_tone_with_five=True)
        )
        words.append("".join(_syllable(syllable) for syllable in syllables))
    return " ".join(words)


@lru_cache(maxsize=2048)
def _syllable(pinyin: str) -> str:
    from misaki.zh import ZHG2P

    try:
        return str(ZHG2P.py2ipa(pinyin)).replace("\u032f", "")
    except (ValueError, KeyError, IndexError):
        return ""  # a character pypinyin has no reading for


# --- English ---------------------------------------------------------------------------------------------------


def _spell_units_en(text: str) -> str:
    for pattern, words in _UNITS_EN:
        text = pattern.sub(words, text)
    return text


@lru_cache(maxsize=512)
def _english(words: str, british: bool) -> str:
    arguments = ["-q", "--ipa", "--tie=^", "-v", "en-gb" if british else "en-us"]
    clauses = run_espeak(arguments, words).decode().split("\n")
    ipa = " ".join(clause.strip() for clause in clauses if clause.strip())
    ipa = re.sub(r"\([a-z-]+\)", "", ipa)  # espeak-ng marks words it takes for another language
    for old, new in _IPA:
        ipa = ipa.replace(old, new)
    ipa = re.sub(r"(\S)\u0329", r"ᵊ\1", ipa)
    for old, new in _IPA_GB if british else _IPA_US:
        ipa = ipa.replace(old, new)
    return ipa.replace("o", "ɔ").replace("ɾ", "T").replace("ʔ", "t").replace("^", "")
