"""What a project says about the speech of its drivers, `asr.yml`: what they are likely to say, and what goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import ProjectError
from ..events import Language


class _AsrFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    prompts: Mapping[Language, str] = {}
    goes_on: Mapping[Language, list[Annotated[str, Field(min_length=1)]]] = {}


@dataclass(frozen=True, slots=True)
class Leanings:
    """What to expect of a project's speakers."""

    prompts: Mapping[Language, str]
    """For the recogniser to lean towards, by language."""
    goes_on: re.Pattern[str] | None
    """Words after which nobody has finished."""

    def is_unfinished(self, text: str) -> bool:
        """Whether more is sure to follow: 导航到, "and"."""
        return self.goes_on is not None and self.goes_on.search(text) is not None


def load_leanings(project: Path) -> Leanings:
    """The project's `asr.yml`; nothing to lean towards for a project without one.

    Raises:
        ProjectError: the file is there but wrong; names the file and the place.
    """
    file = project / "asr.yml"
    if not file.exists():
        return Leanings({}, None)
    try:
        content = _AsrFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
        return Leanings(content.prompts, _at_the_end(word for words in content.goes_on.values() for word in words))
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: can't be read as UTF-8 text ({error}).") from None
    except yaml.YAMLError as error:
        raise ProjectError(f"{file}: not valid YAML: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise ProjectError(
            f"{file}: `{where}`: {problem['msg']}. "
            "Expected `prompts:` with a text for each language, such as `zh:`, and `goes_on:` with a list of words."
        ) from None


def _at_the_end(words: Iterable[str]) -> re.Pattern[str] | None:
    """Finds a text that ends with one of the words, a Latin one only where it stands alone."""
    listed = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![a-z'])(?:{listed})[\W_]*$", re.IGNORECASE) if listed else None
