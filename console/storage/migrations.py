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
    """
    CREATE TABLE runs_begun (
        id TEXT PRIMARY KEY,
        experiment TEXT NOT NULL,
        source TEXT NOT NULL,
        max_targets INTEGER NOT NULL,
        project TEXT NOT NULL,
        mode TEXT NOT NULL,
        lab TEXT NOT NULL,
        owner TEXT NOT NULL,
        began_wall REAL NOT NULL,
        folder TEXT NOT NULL,
        record TEXT NOT NULL,
        pid INTEGER NOT NULL,
        process TEXT NOT NULL,
        boot TEXT NOT NULL,
        broke TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE TABLE campaigns (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        source TEXT NOT NULL,
        digest TEXT NOT NULL,
        budget TEXT NOT NULL,
        stop_on TEXT NOT NULL,
        options TEXT NOT NULL,
        project TEXT NOT NULL,
        mode TEXT NOT NULL,
        lab TEXT NOT NULL,
        began_wall REAL NOT NULL,
        ended_wall REAL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE TABLE campaign_items (
        campaign TEXT NOT NULL REFERENCES campaigns (id),
        seq INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        name TEXT NOT NULL,
        axes TEXT NOT NULL,
        source TEXT NOT NULL,
        raw TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        run TEXT NOT NULL DEFAULT '',
        began_wall REAL,
        ended_wall REAL,
        spent_s REAL NOT NULL DEFAULT 0,
        bad_s REAL NOT NULL DEFAULT 0,
        blind_s REAL NOT NULL DEFAULT 0,
        target_s REAL NOT NULL DEFAULT 0,
        PRIMARY KEY (campaign, seq, attempt)
    ) STRICT;
    """,
)
