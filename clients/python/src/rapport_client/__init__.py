"""Rapport from Python.

Stubs of `rapport_client.v1` over a channel of `connect` renew their token, repeat what may be repeated, and raise
`RapportError`. `watch` reads any Watch method and goes on after a cut.
"""

from .channel import connect
from .errors import FieldViolation, RapportError
from .watch import watch

__all__ = ["FieldViolation", "RapportError", "connect", "watch"]
