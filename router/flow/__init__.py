"""From YAML with positions to a checked `Flow`. Pure, but for `load`, which reads files."""
