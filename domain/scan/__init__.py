"""What may harm whoever installs a skill: the patterns and readers behind `domain/safety.py`."""
