"""The ways a call reaches us. A channel knows wire formats and nothing else."""
