"""The report: one page of what the stages measured, from their files alone."""
