"""The steps done for real: a model, a database, a disk. Each class here implements one abstract step class."""
