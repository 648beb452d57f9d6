"""Measures how spoken references are understood: recordings of people, through the real recogniser and matching."""
