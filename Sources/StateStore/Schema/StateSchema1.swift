/// The first layout. Times are microseconds since 1970 in UTC; documents are JSON text.
let stateSchema1: StaticString = """
  -- One execution of a job for one identity.
  CREATE TABLE runs (
    run_id         TEXT   NOT NULL PRIMARY KEY,
    identity       TEXT   NOT NULL,
    project        TEXT   NOT NULL,
    job            TEXT   NOT NULL,
    matrix_row     TEXT   NOT NULL,
    interval_start BIGINT,
    interval_end   BIGINT,
    parameters     TEXT   NOT NULL,
    serial         BIGINT NOT NULL,
    revision       BIGINT NOT NULL,
    replay_of      TEXT,
    pool           TEXT,
    state          TEXT   NOT NULL,
    is_open        BIGINT NOT NULL,
    settings       TEXT   NOT NULL,
    job_hash       TEXT   NOT NULL,
    fingerprint    TEXT,
    token          BIGINT NOT NULL,
    owner_host     TEXT,
    owner_pid      BIGINT,
    owner_since    BIGINT,
    lease_until    BIGINT,
    failures       BIGINT NOT NULL,
    fault          TEXT,
    cancel_at      BIGINT,
    cancel_by      TEXT,
    cancel_reason  TEXT,
    chunks         BIGINT NOT NULL,
    read_rows      BIGINT NOT NULL,
    kept           BIGINT NOT NULL,
    filtered       BIGINT NOT NULL,
    quarantined    BIGINT NOT NULL,
    dropped        BIGINT NOT NULL,
    read_bytes     BIGINT NOT NULL,
    events         BIGINT NOT NULL,
    receipt        TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    finished_at    BIGINT
  );
  -- What keeps two runs of one identity from going at once.
  CREATE UNIQUE INDEX runs_one_open ON runs (identity) WHERE is_open = 1;
  CREATE INDEX runs_by_identity ON runs (identity, revision);
  CREATE INDEX runs_by_job ON runs (project, job, run_id);

  -- One row per change of a run's owner.
  CREATE TABLE attempts (
    run_id     TEXT   NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    token      BIGINT NOT NULL,
    host       TEXT   NOT NULL,
    pid        BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    end_state  TEXT,
    fault      TEXT,
    PRIMARY KEY (run_id, token)
  );

  -- The checkpoints.
  CREATE TABLE chunks (
    run_id      TEXT   NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    chunk       BIGINT NOT NULL,
    blocks      BIGINT NOT NULL,
    read_rows   BIGINT NOT NULL,
    kept        BIGINT NOT NULL,
    filtered    BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    dropped     BIGINT NOT NULL,
    read_bytes  BIGINT NOT NULL,
    proof       TEXT   NOT NULL,
    token       BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, chunk)
  );

  -- Framed blocks of plans (kind `plan`), partials (`partial`) and what a run goes by once a sink has
  -- committed (`commitment`).
  CREATE TABLE blocks (
    run_id TEXT   NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    kind   TEXT   NOT NULL,
    part   BIGINT NOT NULL,
    block  BIGINT NOT NULL,
    frame  BYTEA  NOT NULL,
    PRIMARY KEY (run_id, kind, part, block)
  );

  CREATE TABLE rejections (
    run_id      TEXT   NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    chunk       BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    ordinal     BIGINT NOT NULL,
    row_key     TEXT   NOT NULL,
    step        TEXT   NOT NULL,
    broken      TEXT   NOT NULL,
    row_text    TEXT   NOT NULL,
    replayed_by TEXT,
    PRIMARY KEY (run_id, chunk, number)
  );

  CREATE TABLE sinks (
    run_id       TEXT   NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    sink         TEXT   NOT NULL,
    result_hash  TEXT   NOT NULL,
    row_count    BIGINT NOT NULL,
    details      TEXT   NOT NULL,
    prepared_at  BIGINT NOT NULL,
    committed_at BIGINT,
    PRIMARY KEY (run_id, sink)
  );

  -- When a job, or one of its matrix rows, was first seen, and how far its schedule is settled.
  CREATE TABLE sightings (
    project         TEXT   NOT NULL,
    job             TEXT   NOT NULL,
    matrix_row      TEXT   NOT NULL,
    first_seen      BIGINT NOT NULL,
    last_considered BIGINT NOT NULL,
    PRIMARY KEY (project, job, matrix_row)
  );

  CREATE TABLE fires (
    project        TEXT   NOT NULL,
    job            TEXT   NOT NULL,
    matrix_row     TEXT   NOT NULL,
    fire           BIGINT NOT NULL,
    interval_start BIGINT,
    interval_end   BIGINT,
    outcome        TEXT   NOT NULL,
    run_id         TEXT,
    note           TEXT,
    created_at     BIGINT NOT NULL,
    closed_at      BIGINT,
    PRIMARY KEY (project, job, matrix_row, fire)
  );
  CREATE INDEX fires_by_run ON fires (run_id);
  CREATE INDEX fires_open ON fires (project, job, fire) WHERE outcome IN ('pending', 'claimed');

  CREATE TABLE pauses (
    project   TEXT   NOT NULL,
    job       TEXT   NOT NULL,
    paused_at BIGINT NOT NULL,
    until_at  BIGINT,
    reason    TEXT   NOT NULL,
    paused_by TEXT   NOT NULL,
    PRIMARY KEY (project, job)
  );

  -- The outbox: decided, and not forgotten before it is delivered or given up.
  CREATE TABLE notices (
    notice_id    TEXT   NOT NULL PRIMARY KEY,
    run_id       TEXT,
    project      TEXT   NOT NULL,
    job          TEXT   NOT NULL,
    event        TEXT   NOT NULL,
    channel      TEXT   NOT NULL,
    facts        TEXT   NOT NULL,
    digest       TEXT,
    state        TEXT   NOT NULL,
    attempts     BIGINT NOT NULL,
    next_attempt BIGINT NOT NULL,
    last_fault   TEXT,
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT
  );
  CREATE INDEX notices_due ON notices (next_attempt) WHERE state = 'due';

  -- The audit trail. The subject is a run's id, or `project/job` for what happens outside of runs.
  CREATE TABLE events (
    subject TEXT   NOT NULL,
    number  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    name    TEXT   NOT NULL,
    body    TEXT   NOT NULL,
    PRIMARY KEY (subject, number)
  );
  CREATE INDEX events_by_time ON events (at);
  """

/// Texts are compared by their bytes, as SQLite does, whatever the database's collation; blocks are
/// compressed already, so TOAST need not try again.
let stateSchema1Postgres: StaticString = """
  DO $$
    DECLARE place record;
    BEGIN
      FOR place IN
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'tidemark_state' AND data_type = 'text'
      LOOP
        EXECUTE format(
          'ALTER TABLE tidemark_state.%I ALTER COLUMN %I TYPE text COLLATE "C"',
          place.table_name, place.column_name);
      END LOOP;
    END
  $$;
  ALTER TABLE blocks ALTER COLUMN frame SET STORAGE EXTERNAL;
  """
