"""From a network to files of other tools."""
