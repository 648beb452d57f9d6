"""How heavy the agents' page is, and how soon it can be used on a slow machine."""
