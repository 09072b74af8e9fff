"""The experiment behind a skill: its cases, their runs, their verdicts, its description, and the report on it all."""
