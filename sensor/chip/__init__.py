"""The ECON-T chip round the network: its configuration, its link words, its golden model."""
