"""Steps: what a stage is made of, and the runner that gives all of them the same care."""
