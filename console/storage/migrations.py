"""The schema, as numbered steps that only ever add. `PRAGMA user_version` is the number of steps applied."""

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE injections (
        id TEXT PRIMARY KEY,
        lab TEXT NOT NULL,
        kind TEXT NOT NULL,
        targets TEXT NOT NULL,
        params TEXT NOT NULL,
        state TEXT NOT NULL,
        began_wall REAL NOT NULL,
        expires_wall REAL NOT NULL,
        owner TEXT NOT NULL,
        boot TEXT NOT NULL,
        expires_boot REAL NOT NULL,
        undo TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        verified TEXT NOT NULL DEFAULT '[]'
    ) STRICT;
    CREATE INDEX injections_by_lab ON injections (lab, state);
    CREATE TABLE steps (
        injection TEXT NOT NULL REFERENCES injections (id),
        seq INTEGER NOT NULL,
        state TEXT NOT NULL,
        at_wall REAL NOT NULL,
        note TEXT NOT NULL,
        PRIMARY KEY (injection, seq)
    ) STRICT;
    CREATE TABLE lever (
        lab TEXT PRIMARY KEY,
        engaged INTEGER NOT NULL,
        reason TEXT NOT NULL,
        who TEXT NOT NULL,
        at_wall REAL NOT NULL
    ) STRICT;
    CREATE TABLE leases (
        lab TEXT NOT NULL,
        name TEXT NOT NULL,
        holder TEXT NOT NULL,
        pid INTEGER NOT NULL,
        boot TEXT NOT NULL,
        renewed REAL NOT NULL,
        expires REAL NOT NULL,
        PRIMARY KEY (lab, name)
    ) STRICT;
    CREATE TABLE labs (
        lab TEXT PRIMARY KEY,
        engine_url TEXT NOT NULL,
        project TEXT NOT NULL,
        seen_wall REAL NOT NULL
    ) STRICT;
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY,
        at_wall REAL NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        data TEXT NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        experiment TEXT NOT NULL,
        source TEXT NOT NULL,
        type TEXT NOT NULL,
        scope TEXT NOT NULL,
        max_targets INTEGER NOT NULL,
        status TEXT NOT NULL,
        rollback TEXT NOT NULL,
        why TEXT NOT NULL,
        project TEXT NOT NULL,
        mode TEXT NOT NULL,
        began_wall REAL NOT NULL,
        ended_wall REAL NOT NULL,
        detection_s REAL,
        recovery_s REAL,
        folder TEXT NOT NULL,
        journal TEXT NOT NULL
    ) STRICT;
    CREATE INDEX runs_by_time ON runs (began_wall);
    """,
)
