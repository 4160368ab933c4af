"""Asks for everything, from every seat, in every state of the car, and looks at what gets through.

Two gates are tried: `Dialogue.decide` with understood clauses (and the yes, the undo, 再高一点 that may follow),
and `Gateway.admit` with forged JSON. Each outcome is compared with two judges that share no code with
`vehicle.safety`: a plain second reading of safety.yml and vehicle.yml, and prohibitions written by hand in VSS
paths, which check the file itself.

What is covered. For each actuator path the *full* product of the readings of every signal that its own rules or
prohibitions look at: for each such signal its parked value, just below, at and just above every threshold, every
enumerated value, never seen, and too old (with a harmless value, fresh ones being as old as may be). A clause that
moves several actuators gets the product over all of their signals, up to LARGEST situations, beyond that a random
sample of so many; so does an undo. All other watched signals take random readings, others in each situation. What
nothing forbids is tried in BACKDROPS such random situations, and undone in LIGHT ones; requests that resolve to the
same commands as another of the same intent, or to none, are tried in LIGHT situations. Longer dialogues are random
walks. All is seeded.

    python -m tests.exhaustive              every situation, some minutes
    python -m tests.exhaustive --share 20   one in twenty
"""
