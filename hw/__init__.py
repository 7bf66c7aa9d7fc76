"""Hardware components: parameters in, Amaranth circuits out."""
