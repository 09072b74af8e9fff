"""A job's page: what it shows, how it changes while it is open, and what may be done to the job."""
