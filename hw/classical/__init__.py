"""Components of the classical methods: which trigger cells are sent, and how they are packed."""
