"""The database's numbered changes."""
