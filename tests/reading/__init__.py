"""What the reader and the router make of sentences that their makers had not seen."""
