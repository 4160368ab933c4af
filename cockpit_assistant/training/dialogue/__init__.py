"""Asks Rasa itself how conversations go, to compare the dialogue engine with."""
