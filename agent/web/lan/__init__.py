"""The page over https for phones and other machines of the network: address, certificate, listener, signalling."""
