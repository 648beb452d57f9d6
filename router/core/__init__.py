"""The words everybody in the house uses. Pure; imports nothing of ours."""
