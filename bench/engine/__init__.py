"""How fast the engine steps, and how much room calls take in it."""
