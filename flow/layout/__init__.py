"""From a netlist to a layout, with packages from a registry alone."""
