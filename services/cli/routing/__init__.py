"""`sandan route`: the router without servers, to try a catalogue before going live, and to measure it."""
