"""Room 1: events, the quantised autoencoder, its frozen network and its golden model."""
