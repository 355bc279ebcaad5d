"""What every part stands on: settings, database, crypto, audit, logs, metrics, the work engine, migrations."""
