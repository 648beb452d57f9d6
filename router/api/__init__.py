"""The public HTTP API: registering messages, explaining matches, calls and their traces, health and metrics."""
