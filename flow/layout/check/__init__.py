"""Whether a drawn block is right: design rules, connections, transistors."""
