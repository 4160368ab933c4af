"""Understands what was said: text in, intents and entities out, over a small ONNX network."""
