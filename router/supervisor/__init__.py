"""The supervisors' page: how the queues stand, who takes calls, how the day went, and what can be changed about it."""
