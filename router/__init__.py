"""Threadline: a call router that knows which message a call is about."""
