"""The broker: how an event travels from one agency to another.

    native record --map--> Draft --check--> Checked --clear--> Cleared --seal--> Sealed --publish--> [Kafka]
    [Kafka] --fetch--> Fetched --unseal--> Opened --admit--> Admitted --deliver--> native record

Each arrow takes one stage and returns the next, or raises. Two of them are two functions, as a signature covers many
records, and as a record takes its place in its stream before it is opened:

    Cleared --seal_copy--> Unsealed --seal_batch--> Sealed
    Fetched --verify--> Verified --open_record--> Opened

Each stage is a type of its own (`broker.stages`), so that what was never sealed cannot be published and what was never
verified cannot be parsed.
"""
