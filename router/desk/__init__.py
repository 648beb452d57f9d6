"""The agent's page: who is calling, what we wrote to them, and the live stream that keeps it true."""
