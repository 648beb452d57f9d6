"""Tables, one query module per subject, migrations, and the bus. Nobody else writes SQL."""
