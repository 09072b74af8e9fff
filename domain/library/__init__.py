"""The library: what goes into it and comes out, its versions, its shelves, and how it is used."""
