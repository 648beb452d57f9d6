"""Prompts to audio: synthesis, recordings, the cache of both, and serving it over HTTP."""
