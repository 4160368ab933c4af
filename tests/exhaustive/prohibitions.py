"""What no safety.yml may allow, written by hand in VSS paths: it checks the file itself."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit_assistant.events import (
    Seat,
    Value,
)

from .second_reading import Circumstance, Hazard, Situation, Test, above, is_

SPEED = "Vehicle.Speed"
IS_MOVING = "Vehicle.IsMoving"
GEAR = "Vehicle.Powertrain.Transmission.SelectedGear"
_SEATS = "Vehicle.Cabin.Seat."

_ROLLING = (Circumstance(SPEED, above(5)), Circumstance(IS_MOVING, is_(True)))
MOVING = Hazard(_ROLLING)
"""Faster than a walk, or the car says that it moves."""
IN_GEAR = Hazard((*_ROLLING, Circumstance(GEAR, Test("not", 126))))
REVERSING = Hazard((Circumstance(GEAR, is_(-1)),))
DARK = Hazard((Circumstance("Vehicle.Exterior.LightIntensity", Test("below", 10)),))
POURING = Hazard((Circumstance("Vehicle.Body.Raindetection.Intensity", above(50)),))
RAINING = Hazard((Circumstance("Vehicle.Body.Raindetection.Intensity", above(10)),))
RACING = Hazard((Circumstance(SPEED, above(120)),))
WINDOWS_LOCKED = Hazard((Circumstance("Vehicle.Cabin.IsWindowChildLockEngaged", is_(True)),))


def _belted(seat: str) -> Hazard:
    return Hazard((Circumstance(f"{_SEATS}{seat}.IsBelted", is_(True)),))


def _taken(seat: str) -> Hazard:
    """Somebody may sit there: the cushion doesn't say that it is empty, or the belt is closed."""
    cushion = Circumstance(f"{_SEATS}{seat}.OccupancyStatus", Test("not", "EMPTY"))
    return Hazard((cushion, *_belted(seat).any))


TAKEN = _taken("Row1.PassengerSide")

ALL = frozenset({"driver", "passenger", "rear_left", "rear_right"})
REAR = frozenset({"rear_left", "rear_right"})
GUESTS = ALL - {"driver"}
DRIVER = frozenset({"driver"})
FRONT = frozenset({"driver", "passenger"})

_SEAT = r"Vehicle\.Cabin\.Seat\.Row1\.DriverSide\."
_ITS_MEMORY = r"Vehicle\.Private\.Cabin\.Seat\.Row1\.DriverSide\."
_GUEST_SEAT = r"Vehicle\.(Private\.)?Cabin\.Seat\.Row1\.PassengerSide\."
_MIRROR = r"Vehicle\.Body\.Mirrors\.\w+\."
_SCREEN = r"Vehicle\.Private\.Infotainment\.Screen\."
_LIGHTS = r"Vehicle\.Body\.Lights\."
_DOOR = r"Vehicle\.Cabin\.Door\."
_UNFIT = ("NAP", "CAMPING", "PET", "CAR_WASH", "CINEMA", "PARKED")


@dataclass(frozen=True, slots=True)
class Prohibition:
    """Something that must not happen, whatever the rule file says."""

    name: str
    paths: str
    """A regular expression of VSS paths."""
    value: Test | None = None
    when: tuple[Hazard, ...] = ()
    """All of them hold."""
    asked_from: frozenset[Seat] = ALL
    asked_first: bool = False
    """It may happen after a spoken yes; the gateway lets it through."""

    def forbids(self, value: Value, seat: Seat, situation: Situation) -> bool:
        """Whether this is it."""
        return (
            seat in self.asked_from
            and (self.value is None or self.value.passes(value))
            and all(map(situation.holds, self.when))
        )


PROHIBITIONS = (
    Prohibition("a door opens while moving or in gear", _DOOR + r"\w+\.\w+\.Position", above(0), (IN_GEAR,)),
    Prohibition("a door is unlocked while moving", _DOOR + r".*\.IsLocked", is_(False), (MOVING,)),
    Prohibition("the tailgate opens while moving or in gear", r".*Trunk\.Rear\.Position", above(0), (IN_GEAR,)),
    Prohibition("the charge port opens while moving or in gear", r".*IsFlapOpen", is_(True), (IN_GEAR,)),
    Prohibition("charging begins while moving or in gear", r".*StartStopCharging", is_("START"), (IN_GEAR,)),
    Prohibition("low beam off in the dark while moving", _LIGHTS + r"Beam\.Low\.IsOn", is_(False), (DARK, MOVING)),
    Prohibition("light switch off in the dark while moving", _LIGHTS + "LightSwitch", is_("OFF"), (DARK, MOVING)),
    Prohibition("position lights off in the dark", _LIGHTS + r"Parking\.IsOn", is_(False), (DARK, MOVING)),
    Prohibition(
        "wipers off in pouring rain", r".*Windshield\.Front\.Wiping\.Mode", is_("OFF"), (POURING, MOVING)
    ),
    Prohibition("mirrors are folded while moving", _MIRROR + "IsFolded", is_(True), (MOVING,)),
    Prohibition("mirrors are turned while moving", _MIRROR + "(Tilt|Pan)", None, (MOVING,)),
    Prohibition("the driver's seat moves while moving", _SEAT + "(Position|Height)", None, (MOVING,)),
    Prohibition("the driver's backrest moves while moving", _SEAT + r"Backrest\.Recline", None, (MOVING,)),
    Prohibition("the driver's seat memory is recalled while moving", _ITS_MEMORY + "Memory.*", None, (MOVING,)),
    Prohibition("a passenger lies down while moving", _GUEST_SEAT + r"Backrest\.Recline", above(45), (MOVING,)),
    Prohibition("instruments go dark while moving or in gear", _SCREEN + r"Cluster\.IsOn", is_(False), (IN_GEAR,)),
    Prohibition("a video for the driver", r".*\.Video\.Title", Test("not", ""), (IN_GEAR,), DRIVER),
    Prohibition("a nap at the wheel", r".*\.Cabin\.Scene", Test("in", _UNFIT), (IN_GEAR,), DRIVER),
    Prohibition("guests at the lights", _LIGHTS + "(Beam|Fog|Parking|LightSwitch).*", asked_from=GUESTS),
    Prohibition("rear seats at the hazard lights", _LIGHTS + "Hazard.*", asked_from=REAR),
    Prohibition("guests at the front wipers", r".*Windshield\.Front\.W.*", asked_from=GUESTS),
    Prohibition("guests at the mirrors", _MIRROR + "(IsFolded|Tilt|Pan)", asked_from=GUESTS),
    Prohibition(
        "guests at the driver's seat",
        f"{_SEAT}(Position|Height|Backrest.*)|{_ITS_MEMORY}(Memory|LegRest).*",
        asked_from=GUESTS,
    ),
    Prohibition("rear seats at the front passenger's seat", _GUEST_SEAT + "(Pos|Hei|Mem).*", asked_from=REAR),
    Prohibition("guests at the drive mode", r".*\.PerformanceMode", asked_from=GUESTS),
    Prohibition("guests at the driver's displays", rf"{_SCREEN}Cluster\.IsOn|.*\.HUD\.IsOn", asked_from=GUESTS),
    Prohibition("guests at the steering wheel", r"Vehicle\.Chassis\.SteeringWheel\..*", asked_from=GUESTS),
    Prohibition("rear seats at the centre screen", _SCREEN + "Centre.*", asked_from=REAR),
    Prohibition("rear seats at the tailgate", r".*Trunk\.Rear\.Position", above(0), asked_from=REAR),
    Prohibition("rear seats at the front doors", _DOOR + r"Row1\.\w+\.Position", above(0), asked_from=REAR),
    Prohibition("a locked-in child at a rear window", _DOOR + r"Row2.*Window.*", None, (WINDOWS_LOCKED,), REAR),
    *(
        Prohibition(f"a locked-in child {deed} {side}", rf"{_DOOR}Row2\.{side}\.{what}", value, (locked,), REAR)
        for side in ("DriverSide", "PassengerSide")
        for locked in [Hazard((Circumstance(f"Vehicle.Cabin.Door.Row2.{side}.IsChildLockActive", is_(True)),))]
        for deed, what, value in [("opens", "Position", above(0)), ("unlocks", "IsLocked", is_(False))]
    ),
    Prohibition("the sunroof opens in the rain unasked", r".*Sunroof\.(Switch)", is_("ONE_SHOT_OPEN"), (RAINING,),
                asked_first=True),
    Prohibition("the sunroof opens at high speed unasked", r".*Sunroof\.Target.*", above(0), (RACING,),
                asked_first=True),
    Prohibition("the driver moves somebody unasked", _GUEST_SEAT + "Position", None, (TAKEN,), DRIVER, True),
    Prohibition("a message is sent unasked", r".*\.Phone\.Message", Test("not", ""), asked_first=True),
    Prohibition("help is called unasked", r".*\.Phone\.Callee", is_("emergency"), asked_first=True),
    Prohibition("another light position in the dark", _LIGHTS + "LightSwitch",
                Test("in", ("POSITION", "DAYTIME_RUNNING_LIGHTS")), (DARK, MOVING)),
    Prohibition("a video that the front passenger starts", r".*\.Video\.Title", Test("not", ""),
                (IN_GEAR,), frozenset({"passenger"})),
    Prohibition("a scene of the parked car, started by the front passenger", r".*\.Cabin\.Scene",
                Test("in", ("CAMPING", "PET", "CAR_WASH", "CINEMA", "PARKED", "NAP")), (IN_GEAR,), GUESTS),
    Prohibition("the camera is hidden while reversing", r".*\.Camera\.IsShown", is_(False), (REVERSING,)),
    Prohibition("the centre screen goes dark while reversing", _SCREEN + "Centre.*", is_(False), (REVERSING,)),
    Prohibition("the driver's leg rest rises while moving", _ITS_MEMORY + "LegRest.*", above(0), (MOVING,)),
    Prohibition("a locked-in child at a front window", _DOOR + r"Row1.*Window.*", None, (WINDOWS_LOCKED,), REAR),
    Prohibition("a locked-in child opens the sunroof", r".*Sunroof\.Switch",
                Test("in", ("OPEN", "ONE_SHOT_OPEN", "TILT_UP")), (WINDOWS_LOCKED,), REAR),
    Prohibition("rear seats unlock the front doors", _DOOR + r"Row1\.\w+\.IsLocked", is_(False), (), REAR),
    Prohibition("a guest switches the hazard lights off", _LIGHTS + "Hazard.*", is_(False), (), GUESTS),
    Prohibition("front defrost off, by the front passenger while moving", r".*\.IsFrontDefrosterActive",
                is_(False), (MOVING,), GUESTS),
    Prohibition("the driver moves somebody by height, backrest or memory unasked",
                _GUEST_SEAT + r"(Height|Backrest\.Recline|Memory\.Recalled)", None, (TAKEN,), DRIVER, True),
    Prohibition("an emergency number is dialled unasked", r".*\.Phone\.Callee",
                Test("in", ("110", "112", "119", "120", "911")), asked_first=True),
    *(
        Prohibition(f"somebody belted lies flat while moving, {seat}",
                    _SEATS + seat + r"\.Backrest\.Recline", above(45), (_belted(seat), MOVING))
        for seat in ("Row1.PassengerSide", "Row2.DriverSide", "Row2.PassengerSide")
    ),
    *(
        Prohibition(f"somebody in the back {deed}, {seat}", _SEATS + seat + r"\.Backrest\.Recline", *rest)
        for seat in ("Row2.DriverSide", "Row2.PassengerSide")
        for deed, *rest in (
            ("lies flat while moving", above(45), (_taken(seat), MOVING), ALL, False),
            ("is tipped from the front unasked", None, (_taken(seat),), FRONT, True),
        )
    ),
    Prohibition("a taken seat goes to a stored place while moving", _ITS_MEMORY.replace("Driver", "Passenger")
                + r"Memory\.Recalled", None, (TAKEN, MOVING)),
)  # fmt: skip
