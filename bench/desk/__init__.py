"""How soon a card is at the agent whose phone rings, with many desks open and many calls at once.

A real Asterisk, phones and callers by sipp, and the router as a process of its own. The pages' part, stream and card,
is played by one client each that does what the page does.
"""
