"""Chaos: what must hold however badly the network, the broker, the clocks and the car behave."""
