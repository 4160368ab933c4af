"""Text to speech: one protocol, two engines, and the phonemes between text and sound."""
