"""Federation: who is who. The versioned trust list of agencies, keys, agreements and schemas in force.

- Strict where bytes become values: sizes, canonical base64, unique ids, key ids that follow from their keys.
- A version that goes back is refused, and so are files of two versions mixed.
- `insecure_folder` is a federation that nobody signed: for development, tests and the demo.
"""
