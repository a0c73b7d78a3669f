"""`sandan route`: the router without servers, for trying a catalogue before going live, and for measuring it."""
