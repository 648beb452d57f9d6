"""How soon a page at one process is told that a phone rings, where another process listens to Asterisk.

Two router processes on one PostgreSQL. Asterisk's part is played: only what is ours is timed.
"""
