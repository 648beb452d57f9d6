"""Listening to a caller who may speak or press keys: voice activity, end of speech, the conversation."""
