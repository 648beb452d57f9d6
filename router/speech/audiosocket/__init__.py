"""Asterisk's AudioSocket: a caller's sound and keys over TCP, and sound back to the caller."""
