"""The scene a recording was made for: the car's state when it begins, from the script beside the recording."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from ..errors import ProjectError
from ..events import Value
from ..vehicle.model import VehicleModel

_State = TypeAdapter(dict[str, bool | int | float | str])


def initial_state(recording: Path, model: VehicleModel) -> dict[str, Value]:
    """VSS paths and values under `state:` in the YAML file of the recording's name; nothing where there is none.

    Raises:
        ProjectError: the file is not YAML, or its `state` is not a mapping of this car's paths to fitting values.
    """
    script = recording.with_suffix(".yml")
    if not script.is_file():
        return {}
    try:
        content = yaml.safe_load(script.read_text(encoding="utf-8"))
        state = _State.validate_python((content or {}).get("state") or {})
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError) as error:
        raise ProjectError(f"{script}: not a drive script: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        raise ProjectError(f"{script}: state.{problem['loc'][0]}: {problem['msg']}.") from None
    for path, value in state.items():
        owner = model.signal_at(path)
        wrong = owner[1].misfit(value) if owner else "this car has no such signal."
        if wrong:
            raise ProjectError(f"{script}: state.{path}: {wrong}")
    return dict(state)
