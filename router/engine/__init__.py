"""The pure heart: ``step(flow, session, event, now) -> (session, commands)``. No I/O, no clock, no randomness."""
