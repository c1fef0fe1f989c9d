"""The broker: how an event travels from one agency to another.

    native record --map--> Draft --check--> Checked --clear--> Cleared --seal--> Sealed --publish--> [Kafka]
    [Kafka] --fetch--> Fetched --unseal--> Opened --admit--> Admitted --deliver--> native record

Each arrow is one function that takes one stage and returns the next, or raises. Each stage is a type of its own
(`broker.stages`), so that what was never sealed cannot be published and what was never verified cannot be parsed.
"""
