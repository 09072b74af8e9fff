"""What a skill and a job are: shapes and rules with no I/O, spoken by every layer. Bytes in, findings out."""
