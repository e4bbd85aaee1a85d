-- Principals from elsewhere. An expansion: earlier programs go on beside it.
-- serves from schema 1 on

-- Where a principal comes from: empty for those that were made here, else the name of a source (LDAP, OpenID provider, SCIM client),
-- with the id that it gave, which outlives renames and moves.
ALTER TABLE principal
  ADD COLUMN source text NOT NULL DEFAULT '',
  ADD COLUMN external_id text,
  ADD COLUMN disabled_by text CHECK (disabled_by IN ('administrator', 'source')),   -- who disabled him; the source enables only whom it disabled
  ADD COLUMN gone_at timestamptz(3);                                                -- the source has him no more
CREATE UNIQUE INDEX principal_external ON principal (source, external_id) WHERE external_id IS NOT NULL;
-- Principals are never deleted, so that these keep nobody out; of twenty million memberships in a first sync they were most of the
-- time (one look-up and one row lock each).
ALTER TABLE group_member DROP CONSTRAINT group_member_grp_fkey, DROP CONSTRAINT group_member_member_fkey;

-- Who made him an administrator; the source takes the right from those only whom it gave it.
ALTER TABLE principal ADD COLUMN administrator_by text CHECK (administrator_by IN ('administrator', 'source'));

-- What is known of a source beside its configuration. One run at a time: each raises the fence, and writes only under its own.
CREATE TABLE directory_source (
  name text PRIMARY KEY,
  fence bigint NOT NULL DEFAULT 0,
  holder uuid,                                          -- the process whose run is under way; null: none
  server text,                                          -- where that one runs
  beat_at timestamptz(3),
  cookie text,                                          -- where the next reading goes on; null: all is read
  next_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  failures int NOT NULL DEFAULT 0,                      -- in a row
  last_run_at timestamptz(3),
  last_success_at timestamptz(3),
  last_full_at timestamptz(3),
  last_error text
);

-- Runs that changed something, failed or were asked for; kept 30 days.
CREATE TABLE directory_run (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  source text NOT NULL,
  whole boolean NOT NULL,
  started_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  objects int NOT NULL,                                 -- that were read
  counts jsonb NOT NULL DEFAULT '{}',
  error text
);
CREATE INDEX directory_run_source ON directory_run (source, id);

-- What a source said of each of its objects when it was read last.
CREATE TABLE directory_object (
  source text NOT NULL,
  external_id text NOT NULL,
  kind text NOT NULL,
  dn text NOT NULL,                                     -- folded: equal names are equal strings
  container text NOT NULL,                              -- dn without its first part
  name text NOT NULL,
  name_key text NOT NULL,
  display_name text NOT NULL,
  email text,
  disabled boolean NOT NULL,
  principal uuid,                                       -- null: left out
  fault text,                                           -- what of its name no principal can have
  conflict text,                                        -- who has the name that it should have
  gone_at timestamptz(3),
  PRIMARY KEY (source, external_id)
);
CREATE INDEX directory_object_dn ON directory_object (source, dn);
CREATE INDEX directory_object_principal ON directory_object (principal) WHERE principal IS NOT NULL;
CREATE INDEX directory_object_conflict ON directory_object (source) WHERE conflict IS NOT NULL;

-- Members that a group of a source names and that are no principals (yet): not taken, left out, or gone. One that is gone is
-- found again by its own id only: a newcomer under its dn is somebody else until the group is read again.
CREATE TABLE directory_pending (
  source text NOT NULL,
  grp text NOT NULL,                                    -- the group's own id
  dn text NOT NULL,
  external_id text,
  PRIMARY KEY (source, grp, dn)
);
CREATE INDEX directory_pending_dn ON directory_pending (source, dn);
CREATE INDEX directory_pending_external ON directory_pending (source, external_id) WHERE external_id IS NOT NULL;

-- A reading before it is compared. What a crash empties is not missed: a run writes only if all that it staged is there.
CREATE UNLOGGED TABLE directory_stage (
  source text NOT NULL,
  fence bigint NOT NULL,
  external_id text NOT NULL,
  gone boolean NOT NULL,
  kind text,
  dn text,
  container text,
  name text,
  name_key text,
  display_name text,
  email text,
  disabled boolean,
  fault text,
  members text[],
  PRIMARY KEY (source, fence, external_id)
);
-- All ids that the source has, for finding what was deleted without a trace.
CREATE UNLOGGED TABLE directory_stage_id (
  source text NOT NULL,
  fence bigint NOT NULL,
  external_id text NOT NULL,
  PRIMARY KEY (source, fence, external_id)
);
