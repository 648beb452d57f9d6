"""Calls through Asterisk: FastAGI, spoken by ourselves."""
