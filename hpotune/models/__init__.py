"""Models: Gaussian processes, densities, acquisition functions; arrays in, arrays out."""
