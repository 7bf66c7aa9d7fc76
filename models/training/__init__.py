"""From events and a config to a trained autoencoder."""
