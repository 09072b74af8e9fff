"""What proves a skill: cases, verdicts that code can give, and the numbers they add up to."""
