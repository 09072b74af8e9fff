"""How work flows: orchestration only, deterministic. Imports shapes, never rules, and nothing that does I/O."""
