"""The Mosquitto configurations in `deploy`, with the real Mosquitto."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from road import Road

from cockpit_assistant.clock import StreamClock
from cockpit_assistant.config import BusSettings
from cockpit_assistant.errors import BusError
from cockpit_assistant.events import Command, CommandConfirmed
from cockpit_assistant.vehicle.bus import VehicleBus
from cockpit_assistant.vehicle.model import VehicleModel
from cockpit_assistant.vehicle.safety import Safety
from cockpit_assistant.vehicle.simulator import SimulatedVehicle

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin")
LIGHT = "Vehicle.Cabin.Light.Spotlight.Row1.DriverSide.IsLightOn"

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(not MOSQUITTO or not shutil.which("openssl"), reason="needs mosquitto and openssl"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(configuration: str, folder: Path, port: int) -> Iterator[None]:
    """Mosquitto with a configuration, from the moment it listens."""
    file = folder / "mosquitto.conf"
    file.write_text(configuration, encoding="utf-8")
    assert MOSQUITTO
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([MOSQUITTO, "-c", str(file)], stderr=log, stdout=log)
    try:
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mosquitto") / "certs"
    subprocess.run([DEPLOY / "make-certificates.sh", folder, "127.0.0.1"], check=True, capture_output=True)
    for file in folder.iterdir():
        file.chmod(0o644)  # the broker gives up root's rights before it reads its key
    return folder


@pytest.fixture(scope="module")
def secure_port(certificates: Path) -> Iterator[int]:
    port, folder = free_port(), certificates.parent
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    shutil.copy(DEPLOY / "acl.conf", folder)
    configuration = (DEPLOY / "production.conf").read_text(encoding="utf-8")
    configuration = configuration.replace("/etc/mosquitto", str(folder)).replace(
        "listener 8883", f"listener {port}"
    )
    with running(configuration, folder, port):
        yield port


def settings(port: int, certificates: Path | None = None, role: str = "assistant") -> BusSettings:
    if certificates is None:
        return BusSettings(host="127.0.0.1", port=port)
    return BusSettings(
        host="127.0.0.1",
        port=port,
        ca=certificates / "ca.crt",
        certificate=certificates / f"{role}.crt",
        key=certificates / f"{role}.key",
    )


def test_a_command_goes_through_the_trial_broker(tmp_path: Path, model: VehicleModel, safety: Safety) -> None:
    port = free_port()
    configuration = (DEPLOY / "trial.conf").read_text(encoding="utf-8").replace("1883", str(port))
    with running(configuration, tmp_path, port):
        clock = StreamClock()
        vehicle = SimulatedVehicle(settings(port), model, safety, clock)
        bus = VehicleBus(settings(port), model, clock)
        vehicle.start()
        bus.connect()
        road = Road(bus, vehicle, clock)
        road.settle()
        assert isinstance(road.outcome_of(Command(LIGHT, True)), CommandConfirmed)
        bus.close()
        vehicle.stop()


def test_a_command_goes_through_the_production_broker_with_certificates(
    secure_port: int, certificates: Path, model: VehicleModel, safety: Safety
) -> None:
    clock = StreamClock()
    vehicle = SimulatedVehicle(settings(secure_port, certificates, "vehicle"), model, safety, clock)
    bus = VehicleBus(settings(secure_port, certificates), model, clock)
    vehicle.start()
    bus.connect()
    road = Road(bus, vehicle, clock)
    road.settle()
    assert isinstance(road.outcome_of(Command(LIGHT, True)), CommandConfirmed)
    bus.close()
    vehicle.stop()


def test_without_a_certificate_nobody_gets_in(secure_port: int, certificates: Path, model: VehicleModel) -> None:
    anonymous = BusSettings(host="127.0.0.1", port=secure_port, ca=certificates / "ca.crt", connect_timeout=3)
    with pytest.raises(BusError, match=r"Check \[bus\] ca, certificate and key|ends the connection"):
        VehicleBus(anonymous, model, StreamClock()).connect()


def test_without_tls_nobody_gets_in(secure_port: int, model: VehicleModel) -> None:
    with pytest.raises(BusError, match="ends the connection at once"):
        VehicleBus(settings(secure_port), model, StreamClock()).connect()


def test_a_missing_certificate_file_is_one_clear_error(
    secure_port: int, tmp_path: Path, model: VehicleModel
) -> None:
    with pytest.raises(BusError, match=r"Check \[bus\] ca, certificate and key"):
        VehicleBus(settings(secure_port, tmp_path), model, StreamClock()).connect()


def test_the_assistant_can_not_speak_for_the_vehicle(secure_port: int, certificates: Path) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set(
        str(certificates / "ca.crt"), str(certificates / "assistant.crt"), str(certificates / "assistant.key")
    )
    answers: list[str] = []
    client.on_publish = lambda _client, _data, _mid, reason, _properties: answers.append(str(reason))
    client.connect("127.0.0.1", secure_port)
    client.loop_start()
    for topic in ("state/Vehicle/Speed", "availability", "ack/assistant-1"):
        client.publish(f"vehicle/nova/{topic}", b"forged", qos=1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()
    assert answers == ["Not authorized"] * 3


def test_a_wrong_password_is_one_clear_error(tmp_path: Path, model: VehicleModel) -> None:
    port = free_port()
    configuration = f"listener {port} 127.0.0.1\nallow_anonymous false\n"
    with running(configuration, tmp_path, port):
        wrong = BusSettings(host="127.0.0.1", port=port, username="driver", password="guess")
        with pytest.raises(BusError, match=r"refuses us \(Not authorized\). Check \[bus\] username and password"):
            VehicleBus(wrong, model, StreamClock()).connect()
