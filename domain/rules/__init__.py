"""What makes a skill valid: the rules behind `domain/validation.py`, and what they read files with."""
