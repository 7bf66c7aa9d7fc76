"""Classical compression of an event, in integers: what the ECON-T chip sends without a network."""
