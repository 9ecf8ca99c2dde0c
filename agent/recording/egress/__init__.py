"""LiveKit Egress as a second recording back end. `local` always records, and is the truth; this runs beside it.

    the room's tracks ─► voices ─► back_end ─► service ─► LiveKit's API        (start, stop, list; deadlines of our own)
                                      ▲ │
     webhooks: signed, fresh, once ───┘ └─ ledger: what is asked for, proven, owed (pure)
    the sealed folder ◄─ bringing_in ◄─ joining ◄─ outputs: a shared folder or a bucket

An egress that is missing, dies or fails is told to the host, asked for again, and delays nothing.
"""
