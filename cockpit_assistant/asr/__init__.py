"""Speech recognition: one protocol, two engines."""
