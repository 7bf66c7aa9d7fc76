"""Latency and energy of a network on CPU, GPU, FPGA and ASIC: measured here, or the reason."""
