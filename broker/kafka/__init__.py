"""Between the line and Kafka: the two ports of `broker.ports`, and a Kafka to run them on.

Rules of the room:

1. It is the only one that imports a Kafka client. The clients ship no types; what is untyped stays in here.
2. Kafka is trusted with nothing but storing and ordering. Nothing here looks into a value, and nothing logs one.
3. Every wait has a deadline; every error of a client leaves as a `TransportError` with a code.
4. `publisher` and `subscription` talk to Kafka, `memory` is the same two ports without one; one contract suite
   runs on all. `choice` finds or starts a Kafka, `topics` creates what DESIGN.md lists.
"""
