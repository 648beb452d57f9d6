"""Registering what was sent: what a sender tells of a message, the handles it gets back, and reading whole files."""
