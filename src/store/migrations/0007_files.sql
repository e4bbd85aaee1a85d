-- Files: rows here, bytes in the file store. An expansion: earlier programs go on beside it.
-- serves from schema 1 on

-- The id that the pool's file store carries. A server that has another one before it serves no files.
ALTER TABLE pool ADD COLUMN file_store uuid;

-- Bytes, once for each hash. While they come, without one.
CREATE TABLE file_body (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  received bigint NOT NULL DEFAULT 0,
  pieces int NOT NULL DEFAULT 0,                        -- how many it came in
  sha256 bytea UNIQUE,
  type text,                                            -- by content
  finding text,                                         -- what the scanner found; empty: nothing; null: not scanned
  preview jsonb,                                        -- {width, height} where there is one
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);

-- Objects of the file store, one behind the other. start -1: the preview.
CREATE TABLE file_piece (
  body uuid NOT NULL REFERENCES file_body,
  start bigint NOT NULL,
  size int NOT NULL,
  key text NOT NULL UNIQUE,
  sealed_by text NOT NULL DEFAULT '',                   -- id of the key; empty: as it came
  PRIMARY KEY (body, start)
);

-- Objects that no piece names: written down before they are put, and when a piece goes. Removed once due.
CREATE TABLE file_garbage (
  key text PRIMARY KEY,
  due_at timestamptz(3) NOT NULL,
  taken boolean NOT NULL DEFAULT false                  -- is being removed, or was: no piece names it any more
);
CREATE INDEX file_garbage_due ON file_garbage (due_at);

CREATE TABLE file (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  room uuid NOT NULL,                                   -- no reference: a deleted room's rows go before its files
  author uuid NOT NULL,
  name text NOT NULL,
  size bigint NOT NULL,
  body uuid REFERENCES file_body,                       -- null: removed
  state text NOT NULL DEFAULT 'uploading' CHECK (state IN ('uploading', 'scanning', 'ready', 'flagged', 'removed')),
  client_id uuid,                                       -- of the post that brings it
  seq bigint,                                           -- and its place, once it is known
  posted_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz(3) NOT NULL,                   -- where it is not posted by then
  tries int NOT NULL DEFAULT 0,                         -- how often it could not be finished
  next_try_at timestamptz(3),
  unreferenced_at timestamptz(3),                       -- when the collector first saw that no message brings it
  held boolean NOT NULL DEFAULT false,                  -- a legal hold: the collector leaves it
  lease uuid,                                           -- which request writes it
  lease_until timestamptz(3),
  lease_wanted boolean NOT NULL DEFAULT false           -- another one waits for it
);
CREATE INDEX file_room ON file (room, created_at, id) WHERE state <> 'removed';
CREATE INDEX file_author ON file (author) WHERE state <> 'removed';
CREATE INDEX file_body_of ON file (body) WHERE body IS NOT NULL;
CREATE INDEX file_unfinished ON file (state) WHERE state IN ('uploading', 'scanning');
