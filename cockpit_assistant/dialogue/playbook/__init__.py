"""Rasa's rules, stories and forms on board: what a project says about how conversations go, run without Rasa."""
