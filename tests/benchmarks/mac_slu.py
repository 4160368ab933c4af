"""Real cabin queries (MAC-SLU): how many give exactly the right set of commands.

    .venv/bin/python -m tests.benchmarks.mac_slu DIR/queries.jsonl [--misses]

The data set says in its own words what each query means. `clause_of` maps such a frame to an intent of the
project with
its entities, `vehicle.mapping` turns that into set requests, and these are compared with what `parse` would
send from the same parked car. A query is in scope when at least one of its frames is something this car can do; its
other frames
must then give no command. Queries about functions that the car doesn't offer (and all about music, films, places)
are counted apart: they must give no vehicle command at all.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from cockpit_assistant.assembly import Project
from cockpit_assistant.dialogue.wording import Wording
from cockpit_assistant.events import Clause, Entity, Value
from cockpit_assistant.nlu.model import load
from cockpit_assistant.nlu.values import normalise
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.mapping import resolve

Frame = Mapping[str, str]
Commands = frozenset[tuple[str, Value]]
Wanted = tuple[str, dict[str, Value]]
"""An intent and the values of its entities."""

VEHICLE = "车载控制"
OFF = ("关", "停", "结束", "取消", "禁止", "退出", "断", "不再")
FANS = ("风量", "风速", "风力", "风挡", "风力等级")
SOUNDS = ("音量", "声音", "声响", "声", "音")
WINDOWS = ("车窗", "窗户", "窗子", "窗户玻璃", "车上窗户", "门窗")
SCREENS = {"屏幕": "centre", "中控屏": "centre", "中控大屏": "centre", "液晶屏": "centre", "仪表盘": "cluster"}
POSITION_LIGHTS = ("示廓灯", "轮廓灯", "示宽灯", "位置灯")
SWITCHED = {
    **dict.fromkeys(WINDOWS, "window"),
    "天窗": "sunroof", "遮阳帘": "shade", "后备箱": "tailgate",
    "交流充电口盖": "charge_port", "交流接口盖": "charge_port",
}  # fmt: skip
"""What is opened and closed."""
LIT = {
    **dict.fromkeys(POSITION_LIGHTS, "position_lights"),
    "大灯": "headlights", "雾灯": "fog_lights", "氛围灯": "ambient_light", "车内氛围灯": "ambient_light",
    "室内顶灯": "dome_light", "阅读灯": "reading_light", "香氛": "fragrance", "三六零": "", "全景环视": "",
}  # fmt: skip
"""What is turned on and off."""
SEATS = {"加热": "seat_heating", "通风": "seat_ventilation", "按摩": "massage"}
PLACES = {"前": "前排", "all": "全车", "前排前排": "前排", "全部": "所有", "二排": "后排"}
"""Places in words that the project has no synonym for."""
DRIVE_MODES = {"雪地": "snow", "舒适": "comfort", "运动": "sport", "经济": "eco"}


def clause_of(slots: Frame, before: Frame, synonyms: Mapping[str, str]) -> Wanted | None:
    """What a frame asks of this car; None if the car doesn't offer it.

    Args:
        slots: of the frame.
        before: of the frame before it, whose object an elliptical frame shares.
        synonyms: the project's, for the names of seats.
    """
    thing, function = slots.get("对象", ""), slots.get("对象功能", "")
    about, value, mode = slots.get("调节内容", ""), slots.get("value", ""), slots.get("模式", "")
    action, feature = slots.get("操作", ""), slots.get("功能", "")
    if "页面" in slots:
        return None
    off = action.startswith(OFF)
    switch = "turn_off" if off else "turn_on"
    entities: dict[str, Value] = {}
    if place := slots.get("位置", "").removesuffix("位置"):
        place = place.removesuffix("座") if place.endswith("驾座") else place
        place = PLACES.get(place, place)
        if place not in ("车内", "内"):
            zone = synonyms.get(place)
            if zone is None:
                return None
            entities["zone"] = zone
    amount = _value(value)
    raising = any(sign in value + action for sign in "大高多亮+升")
    if thing == "椅" or thing == "座位":
        thing = "座椅"
    if thing == "倒后镜":
        thing = "后视镜"
    if not thing and function in SEATS and not about:
        thing = "座椅"
    if thing == "座椅腰部":
        thing = "座椅"
    if thing == "座椅" and function in SEATS:
        name = SEATS[function]
        if about == "模式":
            return None
        if "最小" in value:
            return f"turn_on_{name}", {**entities, "level": "min"}
        if amount is not None:
            return f"turn_on_{name}", {**entities, "level": amount}
        if value:
            return f"{'raise' if raising else 'lower'}_{name}", entities
        return f"{switch}_{name}", entities
    if thing == "方向盘" and function == "加热":
        return f"{switch}_wheel_heating", entities
    if thing == "后视镜":
        return (f"{switch}_mirror_heating", entities) if function in ("加热", "除霜") else None
    if about == "座椅记忆位置":
        number = _value(slots.get("座椅记忆位置", ""))
        return ("recall_seat_memory", {**entities, "level": number}) if number is not None else None
    if thing == "腰托" and about == "方向":
        if "前" in value:
            return "increase_lumbar", entities
        return ("decrease_lumbar", entities) if "后" in value else None
    if thing == "腿托":
        return "raise_leg_rest" if "上" in value else "lower_leg_rest", entities
    if thing == "靠背" and about == "方向":
        return "raise_backrest" if "前" in value else "recline_backrest", entities
    if thing == "天窗" and function == "通风":
        return "tilt_sunroof", entities
    if thing in SWITCHED and (not function or thing == "门窗" or "充电" in thing or "接口" in thing):
        verb = "close" if off else "open"
        if thing == "后备箱" and action == "解锁":
            return None
        return f"{verb}_{SWITCHED[thing]}", {**entities, **({"amount": amount} if amount is not None else {})}
    if feature in ("三六零", "全景环视"):
        return "hide_camera" if off else "show_camera", entities
    if about == "颜色" and (thing in LIT or thing in ("", "灯")):
        colour = synonyms.get(value, synonyms.get(value.removesuffix("色"), value))
        return "turn_on_ambient_light", {**entities, "colour": colour}
    if thing == "大灯" and mode == "自动":
        return f"{switch}_auto_headlights", entities
    if LIT.get(thing) and about in ("", "模式") and not mode:
        return f"{switch}_{LIT[thing]}", entities
    if thing in SCREENS and not about:
        return f"{switch}_screen", {**entities, "screen": SCREENS[thing]}
    if thing == "屏幕" and about == "亮度":
        return "raise_screen_brightness" if raising else "lower_screen_brightness", {}
    if thing == "车窗雨刷器":
        return f"{switch}_wipers", entities
    if function in ("除霜", "除雾", "挡风加热"):
        return f"{switch}_defrost", entities
    if function == "闭锁":
        return "lock_doors", entities
    if function == "车载热点":
        return f"{switch}_wifi", entities
    if about == "风向" and value in ("吹脸吹窗", "吹脸吹脚吹窗模式"):
        return None
    if feature == "驻车" and "舒享" in mode:
        return ("stop_scene", {}) if off else ("start_scene", {"scene": "parked"})
    if mode in ("露营", "观影模式"):
        return ("stop_scene", {}) if off else ("start_scene", {"scene": "camping" if mode == "露营" else "cinema"})
    if mode == "快速降温":
        return "max_cooling", {}
    if mode == "内循环" and thing == "":
        return f"{switch}_recirculation", {}
    if mode == "AC":
        return f"{switch}_climate", entities
    for name, canonical in DRIVE_MODES.items():
        if mode.startswith(name) and thing in ("开车模式", "驾驶"):
            return "set_drive_mode", {"drive_mode": canonical}
    channel = {"导航": "navigation", "媒体": "media", "音乐": "media"}.get(slots.get("车机模块", ""))
    if about in SOUNDS and function != "蓝牙" and thing == "" and slots.get("车机模块") not in ("消息", "系统"):
        said: dict[str, Value] = {"channel": channel} if channel else {}
        if value == "20%":
            return "lower_volume", {**said, "volume": 20}
        if "%" in value:
            return "raise_volume", {**said, "volume": amount or 0}
        if amount is not None:
            return "set_volume", {**said, "volume": amount}
        quieter = "太大" in value or (value == "+" and action == "调节")
        return "raise_volume" if raising and not quieter else "lower_volume", said
    if thing in ("", "空调") and (about in FANS or (_is_level(value) and thing == "空调" and about == "")):
        if "zone" not in entities and (shared := before.get("位置")) and not thing:
            entities["zone"] = synonyms[PLACES.get(shared, shared)]
        if off:
            return None
        if "最大" in value or "最小" in value:
            return "set_fan", {**entities, "level": "max" if "最大" in value else "min"}
        if "级" in value:
            return "raise_fan" if raising else "lower_fan", {**entities, "level": amount or 1}
        if amount is not None:
            return "set_fan", {**entities, "level": amount}
        return "raise_fan" if raising else "lower_fan", entities
    if thing in ("", "空调") and (about == "温度" or (thing == "空调" and value)) and "身体位置" not in slots:
        if "最" in value:
            return "set_temperature", {**entities, "temperature": "max" if "高" in value else "min"}
        if amount is not None and value.startswith(("调高", "调低")):
            return ("raise" if raising else "lower") + "_temperature", {**entities, "degrees": amount}
        if amount is not None and "档" not in value:
            return "set_temperature", {**entities, "temperature": amount}
        if "档" in value:
            return None
        return "raise_temperature" if raising else "lower_temperature", entities
    if thing == "空调" and not mode and not function:
        return f"{switch}_climate", entities
    return None


def _is_labelled(slots: Frame) -> bool:
    """Whether a frame that sets something says to what; a few labels lack it."""
    return not (
        slots.get("操作_concrete") in ("到", "为", "成") and not {"value", "模式", "座椅记忆位置"} & {*slots}
    )


def _is_level(value: str) -> bool:
    return value.endswith(("挡", "档"))


def _value(text: str) -> Value | None:
    text = text.replace("一点", "").replace("一些", "")
    if "最" in text:
        return None
    kind = "percent" if "百分" in text or "%" in text else "number"
    return (
        normalise(text, kind, "zh") if any(sign in text for sign in "0123456789一二三四五六七八九十两半") else None
    )


class Grader:
    """Compares what is sent with what a query means."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._synonyms = load(shipped("onnx_models") / "nlu").synonyms
        self._state = project.model.initial_state()

    def wanted(self, query: Mapping[str, object]) -> tuple[Commands, bool]:
        """The commands of a query, and whether it is in scope."""
        commands: dict[str, Value] = {}
        in_scope, before = False, {}
        frames = query["semantics"]
        assert isinstance(frames, list)
        for frame in frames:
            clause = clause_of(frame["slots"], before, self._synonyms) if frame["domain"] == VEHICLE else None
            before = frame["slots"]
            if clause is not None and clause[0] in self._project.model.intents:
                found = dict(self.commands_of(*clause))
                in_scope |= bool(found)
                commands |= found  # of contradicting frames the later counts
        complete = all(frame["domain"] == VEHICLE and _is_labelled(frame["slots"]) for frame in frames)
        return frozenset(commands.items()), in_scope and complete

    def commands_of(self, intent: str, values: Mapping[str, Value]) -> Commands:
        """What an intent with these entities sends."""
        zones = str(values.get("zone", "")).split()
        entities = [Entity(name, value, 0, 0, str(value)) for name, value in values.items() if name != "zone"]
        entities += [Entity("zone", zone, 0, 0, zone) for zone in zones]
        clause = Clause("", intent, 1.0, tuple(entities))
        resolution = resolve(clause, "driver", "zh", self._project.model, self._state)
        return frozenset((command.path, command.value) for command in resolution.commands)

    def sent(self, text: str) -> Commands:
        """What would be sent, confirmed or not."""
        project = self._project
        dialogue = project.dialogue(Wording(project.domain))
        decision = dialogue.decide(project.interpreter.parse(text), self._state, 0.0)
        return frozenset((command.path, command.value) for command in decision.commands)


def main() -> None:
    """Grade and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("queries", type=Path)
    options.add_argument("--misses", action="store_true", help="show every query that goes wrong")
    chosen = options.parse_args()
    project = Project.load(shipped("nlu_data"))
    grader = Grader(project)
    right = {"single": [0, 0], "multi": [0, 0]}
    idle = [0, 0]
    for line in chosen.queries.read_text(encoding="utf-8").splitlines():
        query = json.loads(line)
        frames = query["semantics"]
        wanted, in_scope = grader.wanted(query)
        sent = grader.sent(query["query"])
        if in_scope:
            tally = right["multi" if len(frames) > 1 else "single"]
            good = sent == wanted
        elif frames and all(frame["domain"] == VEHICLE for frame in frames):
            tally, good = idle, not sent
        else:
            continue
        tally[0] += good
        tally[1] += 1
        if chosen.misses and not good:
            print(f"{query['query']}\n   wanted {_brief(wanted)}\n   sent   {_brief(sent)}")
    total = [sum(column) for column in zip(*right.values(), strict=True)]
    print(f"in scope, exactly the right commands: {_share(total)}")
    print(f"  with one request: {_share(right['single'])}; with several: {_share(right['multi'])}")
    print(f"functions this car lacks, no command sent: {_share(idle)}")


def _share(count: list[int]) -> str:
    return f"{count[0]} of {count[1]} ({count[0] / max(1, count[1]):.1%})"


def _brief(commands: Commands) -> str:
    return ", ".join(sorted(f"{path.removeprefix('Vehicle.')}={value}" for path, value in commands)) or "nothing"


if __name__ == "__main__":
    main()
