-- Servers of the pool and the processes that serve for them. An expansion: programs of schema 1 go on beside it.
-- serves from schema 1 on

-- Known by name from the first start on, until taken out. Only active ones take new sessions.
CREATE TABLE server (
  name text PRIMARY KEY,
  active boolean NOT NULL,
  added_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);

-- One row a running process; a server has one, or one a worker. Who has not beaten for a while is dead.
CREATE TABLE server_process (
  id uuid PRIMARY KEY,
  server text NOT NULL,
  url text NOT NULL,                                    -- WebSocket address for clients
  program text NOT NULL,                                -- version of the program
  schema int NOT NULL,                                  -- the newest that the program knows
  sessions int NOT NULL DEFAULT 0,
  draining boolean NOT NULL DEFAULT false,
  started_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  beat_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- 'normal', or 'failed-over': the pool runs on the store of its stand-by site, by an administrator's word.
ALTER TABLE pool ADD COLUMN state text NOT NULL DEFAULT 'normal' CHECK (state IN ('normal', 'failed-over'));
