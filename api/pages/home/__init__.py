"""The first page: the sentence that starts a job, its files, the jobs, and who uses this browser."""
