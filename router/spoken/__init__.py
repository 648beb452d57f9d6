"""Numbers as people say them: words to characters, and back to words."""
