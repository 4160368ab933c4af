"""The car: its signals, what may be commanded when, and the bus to it.

`model` is the car as data, `mapping` turns what was understood into commands for it, `safety` judges them, `bus`
sends them and tells what became of them. On the other side of the bus stand `gateway` and `simulator`.
"""
