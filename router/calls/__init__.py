"""The one place where a call meets the world: load, step, answer the house's questions, store, then announce."""
