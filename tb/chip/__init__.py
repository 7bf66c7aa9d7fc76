"""The chip's proof: its registers loaded over I2C, link words in, link words out."""
