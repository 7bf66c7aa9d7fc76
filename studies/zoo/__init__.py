"""The zoo: networks for common tasks through the whole chain, side by side."""
