"""The administration's pages: calls and why they were matched, messages, voicemails, people, the flows as loaded."""
