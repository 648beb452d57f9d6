"""Agents: who is signed in at which phone, which queues ring them, and when their card appears and goes."""
