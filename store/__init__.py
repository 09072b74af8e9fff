"""The database: tables, the session scope, and the questions we ask. Speaks to PostgreSQL and nothing else."""
