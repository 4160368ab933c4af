"""What a project's speakers are likely to say, for the recogniser to lean towards: `asr.yml` of a project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import ProjectError
from ..events import Language


class _AsrFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    prompts: Mapping[Language, str] = {}


def load_prompts(project: Path) -> dict[Language, str]:
    """Language → prompt, from the project's `asr.yml`; empty for a project without one.

    Raises:
        ProjectError: the file is there but wrong; names the file and the place.
    """
    file = project / "asr.yml"
    if not file.exists():
        return {}
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        return dict(_AsrFile.model_validate(content or {}).prompts)
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: can't be read as UTF-8 text ({error}).") from None
    except yaml.YAMLError as error:
        raise ProjectError(f"{file}: not valid YAML: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise ProjectError(
            f"{file}: `{where}`: {problem['msg']}. "
            "Expected `prompts:` with one text for each language, such as `zh:`."
        ) from None
