"""The command line `skill-fleet`: the third way in beside the page and the API. Speaks HTTP; knows only `domain/`."""
