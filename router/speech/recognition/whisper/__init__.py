"""Whisper through CTranslate2, in processes of its own: works offline, and nobody waits for another's decoding."""
