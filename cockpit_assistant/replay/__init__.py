"""Recorded drives through the whole assistant, faster than real time and repeatable."""
