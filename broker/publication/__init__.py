"""Publication: what the catalogue and the agreements say together, written for programs and for people.

- Everything here is generated from the models, the code lists and the default agreements, and from nothing else; the
  same sources give the same bytes on every machine. `python -m broker.publication --check` finds what is stale.
- For programs there is one AsyncAPI document (`asyncapi`), for people a page and its Markdown (`page`); the command
  `simpul catalogue` tells the same at the terminal.
- Words that people read stand in `words.toml`, in Indonesian first.
"""
