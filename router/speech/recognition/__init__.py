"""Audio to words: recognisers behind one small interface, and the `Ear` that bounds them."""
