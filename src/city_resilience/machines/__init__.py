"""Many machines: the workers of Dask as the engine on which work is spread."""
