"""What stands round a design on a shared chip: a few pins or a bus in the place of wide ports."""
