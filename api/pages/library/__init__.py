"""The library's pages: its shelves, and a published skill."""
