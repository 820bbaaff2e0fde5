"""The stages: read through ports, ask the core, write through ports. Each may run twice; a failure is a value."""
