"""Networks of tables beside networks of sums, mixed ones and trees: fronts of one flow."""
