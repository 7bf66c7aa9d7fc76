"""The ECON-T chip's datapath round a network, and the registers that tell it what to do."""
