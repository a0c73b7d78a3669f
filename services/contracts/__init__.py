"""The words the services share: messages, the community file, refusals. No I/O lives here."""
