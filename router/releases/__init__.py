"""Versions of flows: drafts, releases and the way back, the folder they come from, and which flow a call runs."""
