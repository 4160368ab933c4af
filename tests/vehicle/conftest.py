from __future__ import annotations

import secrets
from collections.abc import Iterator

import hypothesis
import pytest
from road import Road, Understand

from cockpit_assistant.clock import StreamClock
from cockpit_assistant.config import BusSettings
from cockpit_assistant.events import Clause, Entity, Seat
from cockpit_assistant.resources import shipped
from cockpit_assistant.vehicle.broker import EmbeddedBroker
from cockpit_assistant.vehicle.bus import VehicleBus
from cockpit_assistant.vehicle.mapping import Resolution, resolve
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.simulator import SimulatedVehicle

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def model() -> VehicleModel:
    return VehicleModel.load(shipped("nlu_data"))


@pytest.fixture(scope="session")
def safety(model: VehicleModel) -> Safety:
    return Safety.load(shipped("nlu_data"), model)


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as running:
        yield running


@pytest.fixture
def settings(broker: EmbeddedBroker) -> BusSettings:
    """The broker, and a vehicle of the test's own, so that no test sees another one's retained state."""
    return BusSettings(host=broker.host, port=broker.port, vehicle=f"car-{secrets.token_hex(4)}")


@pytest.fixture
def road(settings: BusSettings, model: VehicleModel, safety: Safety) -> Iterator[Road]:
    clock = StreamClock()
    vehicle = SimulatedVehicle(settings, model, safety, clock)
    bus = VehicleBus(settings, model, clock)
    vehicle.start()
    bus.connect()
    road = Road(bus, vehicle, clock)
    road.settle()
    yield road
    bus.close()
    vehicle.stop()


@pytest.fixture
def understand(model: VehicleModel) -> Understand:
    """Resolve an intent in the parked default car: `understand("open_window", "passenger", zone="all")`."""

    def _resolve(
        intent: str, seat: Seat = "driver", *, language: str = "en", state: object = None, **said: object
    ) -> Resolution:
        entities = [
            Entity(name, value, 0, 0, str(value))
            for name, values in said.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        clause = Clause("", intent, 1.0, tuple(entities))
        return resolve(clause, seat, language, model, state or model.initial_state())  # type: ignore[arg-type]

    return _resolve
