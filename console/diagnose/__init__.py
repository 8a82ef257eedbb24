"""Two diagnosticians over one body of evidence: rules that need no network, and the model."""
