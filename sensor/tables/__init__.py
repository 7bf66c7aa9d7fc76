"""Files of numbers in columns, in the formats that users have: a file of code for each."""
