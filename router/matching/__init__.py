"""Which message a call is about: codes, evidence, ranking, and what may be shown. Pure; rows come from outside."""
