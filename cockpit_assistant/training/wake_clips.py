"""The spoken clips a wake word is trained on: which there are, and their synthesis, kept in a cache.

Five kinds: the phrase alone, the phrase with a command in the same breath, near phrases (one sound or syllable
exchanged, or only a part), commands, and running speech. Kokoro speaks like people and slowly, espeak-ng like a
machine and at once, so the second adds numbers. What there is follows from phrase, language and seed alone; each
clip is cached by what it is made from, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib import resources
from pathlib import Path

import yaml

from ..events import SAMPLE_RATE, Language, Samples
from ..speech.espeak import WORDS_PER_MINUTE, run_espeak
from ..speech.kokoro import SAMPLE_RATE as KOKORO_RATE
from ..speech.kokoro import Kokoro, read_voice
from ..speech.phonemes import to_phonemes
from ..wake.phrase import syllables_differ

HELD_OUT = ("zf_xiaoyi", "zm_yunxia", "af_nova", "am_puck", "bf_emma", "bm_fable")
"""Voices never trained on: they measure, and speak in recorded drives and tests."""

_TEXTS = Path(__file__).with_name("wake_texts.yml")
_NATIVE = {"zh": ("z",), "en": ("a", "b")}
_ESPEAK = {"zh": ("cmn",), "en": ("en-us", "en-gb", "en-gb-scotland", "en-us-nyc")}
_VARIANTS = ("", *(f"+f{n}" for n in range(1, 6)), *(f"+m{n}" for n in range(1, 9)))
_VARIANTS_HELD_OUT = ("+f5", "+m3", "+m7")
_CONSONANTS = "pbtdkɡfvszʃmnlɹw"
_VOWELS = ("A", "O", "I", "W", "Y", "ɑ", "æ", "ɛ", "ɪ", "i", "u", "ʌ")
_COMMON = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种"
    "事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第"
    "公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产新己制身果加西斯月话合回"
    "特代内信表化老给世位次度门任常先海通教儿东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电"
    "数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却"
    "界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争"
    "运笔朵蓝爱鹿驰威派艺乐布叮猫宝贝"
)
"""Frequent characters, to put in the place of one of a phrase's."""


class Kind(str, Enum):
    """What a clip is an example of."""

    PHRASE = "phrase"
    PHRASE_COMMAND = "phrase_command"
    NEAR = "near"
    COMMAND = "command"
    SPEECH = "speech"


@dataclass(frozen=True, slots=True)
class Clip:
    """One piece of speech to synthesise."""

    kind: Kind
    spoken: str
    """Kokoro's phonemes; for espeak-ng the text itself."""
    voice: str
    """A Kokoro voice or blend, or `espeak:` with an espeak-ng voice."""
    speed: float
    held_out: bool
    lead: float = 1.0
    """The share of it that is the phrase, where the phrase begins it."""

    @property
    def file(self) -> str:
        """Name in the cache: the same for the same sound."""
        made_from = f"{self.spoken}|{self.voice}|{self.speed:.2f}"
        return hashlib.sha256(made_from.encode()).hexdigest()[:24] + ".flac"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many clips of each kind an engine speaks; a quarter as many more with held-out voices and texts."""

    phrase: int
    phrase_command: int
    near: int
    command: int
    speech: int


KOKORO = Counts(phrase=200, phrase_command=60, near=120, command=0, speech=60)
ESPEAK = Counts(phrase=60, phrase_command=40, near=240, command=80, speech=1200)


def plan_clips(
    phrase: str,
    language: Language,
    seed: int,
    voices: Sequence[str],
    kokoro: Counts = KOKORO,
    espeak: Counts = ESPEAK,
) -> tuple[list[Clip], list[Clip]]:
    """Kokoro's clips and espeak-ng's, so ordered that any beginning of a list holds every kind in proportion."""
    plans = []
    for counts, engine in ((kokoro, "kokoro"), (espeak, "espeak")):
        chance = random.Random(f"{phrase}|{language}|{seed}|{engine}")
        clips: list[tuple[float, Clip]] = []
        for held_out in (False, True):
            speakers = [name for name in voices if (name in HELD_OUT) == held_out] if engine == "kokoro" else []
            for kind in Kind:
                wanted = getattr(counts, kind.value)
                count = wanted // 4 if held_out else wanted
                for number in range(count):
                    clip = _draw(kind, phrase, language, speakers, held_out, chance)
                    clips.append(((number + 0.5) / count, clip))
        plans.append([clip for _, clip in sorted(clips, key=lambda entry: entry[0])])
    return plans[0], plans[1]


def synthesise(clips: Iterable[Clip], folder: Path, model: Path, voices: Path, threads: int = 1) -> Iterator[Clip]:
    """Make the clips that aren't in the folder yet, 16 kHz FLAC; yields each once it is there."""
    import soundfile
    import soxr

    folder.mkdir(parents=True, exist_ok=True)
    kokoro: Kokoro | None = None
    for clip in clips:
        file = folder / clip.file
        if not file.is_file():
            if clip.voice.startswith("espeak:"):
                _, voice, pitch = clip.voice.split(":")
                rate = str(round(WORDS_PER_MINUTE * clip.speed))
                wav = run_espeak(["-v", voice, "-p", pitch, "-s", rate, "--stdout"], clip.spoken)
                audio, made_at = soundfile.read(io.BytesIO(wav), dtype="float32")
            else:
                kokoro = kokoro or Kokoro(model, threads)
                audio = kokoro.synthesise(clip.spoken, read_voice(clip.voice, voices), clip.speed)
                made_at = KOKORO_RATE
            part = file.with_suffix(".part")
            soundfile.write(part, soxr.resample(audio, made_at, SAMPLE_RATE), SAMPLE_RATE, format="FLAC")
            part.replace(file)
        yield clip


def read_clip(clip: Clip, folder: Path) -> Samples:
    """The sound of a clip made before."""
    import soundfile

    samples: Samples = soundfile.read(folder / clip.file, dtype="int16")[0]
    return samples


def _draw(
    kind: Kind, phrase: str, language: Language, speakers: Sequence[str], held_out: bool, chance: random.Random
) -> Clip:
    if speakers:
        voice, speed = _blend(language, speakers, chance), chance.uniform(0.8, 1.35)
    else:
        chosen = [name for name in _VARIANTS if (name in _VARIANTS_HELD_OUT) == held_out]
        native = chance.choice(_ESPEAK.get(language, (language,)))
        voice = f"espeak:{native}{chance.choice(chosen)}:{chance.randrange(20, 80, 5)}"
        speed = chance.uniform(0.7, 1.2)

    def spoken(text: str) -> str:
        return to_phonemes(text, language) if speakers else text

    if kind is Kind.PHRASE:
        return Clip(kind, spoken(phrase) + chance.choice(("", "", ",", ".", "!", "?")), voice, speed, held_out)
    if kind is Kind.PHRASE_COMMAND:
        first, gap = spoken(phrase), chance.choice((" ", ", ", ", "))
        whole = first + gap + spoken(_command(language, chance))
        return Clip(kind, whole, voice, speed, held_out, lead=len(first) / len(whole))
    if kind is Kind.NEAR:
        if language == "zh":
            near = spoken(near_characters(phrase, chance))
        elif speakers:
            near = near_phonemes(spoken(phrase), chance)
        else:
            near = _near_words(phrase, language, held_out, chance)
        if chance.random() < 0.3:
            near += ", " + spoken(_command(language, chance))
        return Clip(kind, near, voice, speed, held_out)
    if kind is Kind.COMMAND:
        text = _command(language, chance)
    elif speakers or chance.random() < 0.3:
        text = _talk(language, held_out, chance)
    else:
        text = _babble(language, held_out, chance)
    return Clip(kind, spoken(text), voice, speed, held_out)


def near_phonemes(phonemes: str, chance: random.Random) -> str:
    """Another phrase close to this one, from its Kokoro phonemes: a part of it, or a few sounds exchanged."""
    words = phonemes.split(" ")
    if len(words) > 1 and chance.random() < 0.25:
        kept = [word for word in words if chance.random() < 0.6]
        return " ".join(kept if 0 < len(kept) < len(words) else words[: len(words) // 2])
    symbols = list(phonemes)
    # "hey" loses its h in fast speech, and vowels vary with the accent: neither alone makes another phrase.
    consonants = [at for at, symbol in enumerate(symbols) if symbol in _CONSONANTS]
    vowels = [at for at, symbol in enumerate(symbols) if symbol in _VOWELS]
    places = chance.sample(consonants, k=min(len(consonants), chance.choice((1, 1, 2))))
    if vowels and (not places or chance.random() < 0.4):
        places.append(chance.choice(vowels))
    for at in places:
        pool: Sequence[str] = _CONSONANTS if symbols[at] in _CONSONANTS else _VOWELS
        symbols[at] = chance.choice([other for other in pool if _distinct(other, symbols[at])])
    return "".join(symbols)


def near_characters(phrase: str, chance: random.Random) -> str:
    """A Mandarin phrase with a character or two that sound different, or a part of it."""
    characters = list(phrase)
    if chance.random() < 0.3:
        start = chance.randrange(len(characters) - 1)
        end = chance.randrange(start + 1, len(characters) + (0 if start == 0 else 1))
        return "".join(characters[start:end])
    for at in chance.sample(range(len(characters)), k=min(len(characters), chance.choice((1, 1, 1, 2)))):
        characters[at] = chance.choice([c for c in _COMMON if syllables_differ(c, characters[at])])
    return "".join(characters)


def _near_words(phrase: str, language: Language, held_out: bool, chance: random.Random) -> str:
    words = phrase.split()
    others = re.findall(r"\w+", _talk(language, held_out, chance)) or ["over"]
    words[chance.randrange(len(words))] = chance.choice(others)
    return " ".join(words)


def _distinct(one: str, other: str) -> bool:
    """Whether two sounds are kept apart by speakers and recognisers; n and l, for one, often aren't."""
    alike = ("nl", "pb", "td", "kɡ", "fv", "sz", "mn", "ɪi", "ɑʌ", "æɛ")
    return one != other and not any(one in pair and other in pair for pair in alike)


def _blend(language: Language, speakers: Sequence[str], chance: random.Random) -> str:
    """A new voice: a native speaker, mostly with a share of another."""
    native = [name for name in speakers if name.startswith(_NATIVE.get(language, ()))] or list(speakers)
    first, kind = chance.choice(native), chance.random()
    if kind < 0.25:
        return first
    if kind < 0.75:
        return f"{first}+{chance.choice(native)}*{chance.uniform(0.2, 1.0):.2f}"
    return f"{first}+{chance.choice(list(speakers))}*{chance.uniform(0.1, 0.5):.2f}"


def _command(language: Language, chance: random.Random) -> str:
    return chance.choice(_texts(language)["commands"])


def _talk(language: Language, held_out: bool, chance: random.Random) -> str:
    """A line of running speech, or one put together from parts of others; every fifth line is held out."""
    lines = [line for at, line in enumerate(_texts(language)["speech"]) if (at % 5 == 4) == held_out]
    if chance.random() < 0.5:
        return chance.choice(lines)
    parts = [part for line in lines for part in re.split(r"(?<=[，。？！,.?!])\s*", line) if part]
    return ("" if language == "zh" else " ").join(chance.sample(parts, k=3))


def _babble(language: Language, held_out: bool, chance: random.Random) -> str:
    """Random words of the dictionary: every sequence of sounds comes up sooner or later. Each fifth is held out."""
    words = _dictionary(language)
    first = 4 if held_out else chance.randrange(4)
    chosen = [words[chance.randrange(first, len(words), 5)] for _ in range(chance.randint(4, 9))]
    return ("，" if language == "zh" else " ").join(chosen)


@lru_cache
def _dictionary(language: Language) -> list[str]:
    """The words that pypinyin (Mandarin) and misaki (English) know the sound of."""
    if language == "zh":
        from pypinyin.phrases_dict import phrases_dict

        return sorted(word for word in phrases_dict if len(word) <= 4)
    gold = resources.files("misaki").joinpath("data/us_gold.json").read_text(encoding="utf-8")
    return sorted(word for word in json.loads(gold) if word.isascii() and word.isalpha() and len(word) > 2)


@lru_cache
def _texts(language: Language) -> dict[str, list[str]]:
    texts: dict[str, dict[str, list[str]]] = yaml.safe_load(_TEXTS.read_text(encoding="utf-8"))
    return texts[language if language in texts else "en"]
