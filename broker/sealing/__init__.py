"""Sealing: the only room that imports cryptography. Bytes in, bytes out, no I/O.

`docs/wire.md` is the specification of every byte that this room makes or reads.
"""
