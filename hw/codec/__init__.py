"""Components of the adaptive code: quantisers, code lengths, choice of a mode, coders, packer."""
