"""Whether a transcript can be what was said.

Whisper was trained on subtitles: given silence or noise it tends to return what films end with, and it can fall
into a loop. Both are recognised here from the text and the decoder's own probabilities, without knowing the words
of a project.
"""

from __future__ import annotations

import re

_NO_SPEECH = 0.5
"""No-speech probability that counts together with one of the next two. Measured: rain, wind, wipers, traffic and a
crowded bar 0.56 to 0.94; commands at 8 to 18 dB over such noise 0 to 0.32."""
_UNLIKELY = 0.37
"""Mean token probability, exp(-1), as in Whisper's own rule."""
_STUCK = 0.5
"""Share of a text that is left when loops are taken out; below it there was little else."""
_IMPOSSIBLE = 0.2
"""Mean token probability below which the decoder was guessing."""
_SYLLABLES_PER_SECOND = 12.0
"""Nobody speaks faster; a text that needs more was made up. An English word counts as two."""

# What the training material says over closing titles and silence. Whole texts only: a driver may well say "thanks".
_SUBTITLES = re.compile(
    r"字幕|謝謝觀看|谢谢观看|谢谢大家|感谢(您的)?观看|感谢收看|多谢您?的?观看|点赞|訂閱|订阅|打赏支持|明镜|优优独播剧场|"
    r"中文字幕|请不吝|下期再见|下次再见|我们下期|李宗盛|"
    r"thank(s| you)( so much| very much)? for (watching|listening)|subtitles? by|please subscribe|"
    r"like and subscribe|see you (in the )?next (time|video)|amara\.org|www\.|\.com\b",
    re.IGNORECASE,
)
_LOOP = re.compile(r"(?P<unit>.{2,}?)(?P=unit){2,}")
_SYLLABLE = re.compile(r"[\u3400-\u9fff]|[^\W\d_]+(?:'\w+)?|\d")


def believable(text: str, seconds: float, probability: float, no_speech: float) -> str:
    """What of a transcript someone can have said: the text without loops, or nothing.

    Args:
        text: the transcript as decoded.
        seconds: length of the sound.
        probability: mean token probability, 0..1.
        no_speech: the decoder's probability that there is no speech, 0..1.
    """
    freed = _without_loops(text.replace("\N{REPLACEMENT CHARACTER}", "")).strip()
    if not re.search(r"\w", freed) or _SUBTITLES.search(freed) or probability < _IMPOSSIBLE:
        return ""
    if no_speech > _NO_SPEECH and (probability < _UNLIKELY or len(freed) < _STUCK * len(text)):
        return ""
    syllables = sum(2 if len(sound) > 1 else 1 for sound in _SYLLABLE.findall(freed))
    return freed if syllables <= 4 + _SYLLABLES_PER_SECOND * seconds else ""


def _without_loops(text: str) -> str:
    """The text with anything that is said three times or more in a row said once: the decoder was stuck.

    Digits stay: a telephone number may well have six zeros.
    """
    return _LOOP.sub(lambda loop: loop[0] if loop["unit"].isdigit() else loop["unit"], text)
