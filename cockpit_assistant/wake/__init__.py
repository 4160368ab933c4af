"""Wake phrases: heard in sound by a small network, confirmed and cut off in text."""
