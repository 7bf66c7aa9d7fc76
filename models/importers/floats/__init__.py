"""Float models: types from the ranges of their tensors on samples."""
